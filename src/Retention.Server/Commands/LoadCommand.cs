using System.CommandLine;
using Retention.Server.Load;

namespace Retention.Server.Commands;

/// <summary>`load`: closed-loop calls against a running server, and one line of figures.</summary>
internal static class LoadCommand
{
    public static Command Create()
    {
        var operation = new Option<string>("--operation")
        {
            Description = "What is called: purchase, redeem-hot, balance or echo.", Required = true,
        };
        operation.AcceptOnlyFromAmong("purchase", "redeem-hot", "balance", "echo");
        var endpoint = new Option<Uri>("--endpoint")
        {
            Description = "The server's gRPC address, e.g. http://127.0.0.1:5001.", Required = true,
            CustomParser = result => Address(result),
        };
        var key = new Option<string>("--key")
        {
            Description = "The platform's key, or that of the tenant's admin.", Required = true,
        };
        var concurrency = Count("--concurrency", "Calls under way at once.", 64, 1, 10_000);
        var seconds = Count("--seconds", "Measured time.", 10, 1, 86_400);
        var warmUp = Count("--warm-up", "Seconds of calls before the measured time.", 2, 0, 3600);
        var customers = Count("--customers", "Customers that take part; they are enrolled where missing.", 10_000, 1, 100_000_000);
        var limit = Count("--limit", "redeem-hot: how often the code may be redeemed. Default: 20,000 a second.", 0, 0, int.MaxValue);
        var tenant = new Option<string?>("--tenant") { Description = "The tenant's id. Default: load-<customers>." };
        var http = new Option<Uri?>("--http")
        {
            Description = "The server's HTTP address; its metrics tell the processor time.",
            CustomParser = result => Address(result),
        };
        var pid = new Option<int?>("--server-pid") { Description = "The server's process; found by itself on loopback." };
        var probe = new Option<string>("--probe-directory")
        {
            Description = "Where the time of an fsync is probed; best on the server's own disk.",
            DefaultValueFactory = _ => Path.GetTempPath(),
        };
        var json = new Option<bool>("--json") { Description = "No progress bar: the line of JSON alone." };
        var command = new Command("load", "Loads a running server and tells what it bears.")
        {
            operation, endpoint, key, concurrency, seconds, warmUp, customers, limit, tenant, http, pid, probe, json,
        };
        command.SetAction((parsed, cancellation) => LoadSession.Run(
            new LoadOrder
            {
                Operation = parsed.GetRequiredValue(operation),
                Endpoint = parsed.GetRequiredValue(endpoint),
                Key = parsed.GetRequiredValue(key),
                Plan = new LoadPlan
                {
                    Concurrency = parsed.GetValue(concurrency),
                    WarmUp = TimeSpan.FromSeconds(parsed.GetValue(warmUp)),
                    Duration = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                },
                Customers = parsed.GetValue(customers),
                Limit = parsed.GetValue(limit) is > 0 and var asked ? asked : 20_000L * parsed.GetValue(seconds),
                Tenant = parsed.GetValue(tenant) ?? $"load-{parsed.GetValue(customers)}",
                ServerTime = ServerProcess.Clock(
                    parsed.GetRequiredValue(endpoint), parsed.GetValue(http), parsed.GetValue(pid)),
                ProbeDirectory = parsed.GetRequiredValue(probe),
                IsSilent = parsed.GetValue(json) || Console.IsErrorRedirected,
            },
            cancellation));
        return command;
    }

    private static Option<int> Count(string name, string description, int usual, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var value && (value < least || value > most))
            {
                result.AddError($"{name} must be from {least} to {most}.");
            }
        });
        return option;
    }

    private static Uri? Address(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https") return uri;
        result.AddError($"'{text}' is no http or https address.");
        return null;
    }
}
