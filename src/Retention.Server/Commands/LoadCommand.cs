using System.CommandLine;
using Retention.Server.Load;

namespace Retention.Server.Commands;

/// <summary><c>retention load</c>: closed-loop calls against a running server, and one line of figures.</summary>
internal static class LoadCommand
{
    private const int RedemptionsPerSecond = 20_000;
    private const int CouponsMax = 1_000_000;

    private static readonly Option<string> Operation = new("--operation")
    {
        Description = "What is called: purchase, redeem-hot, redeem-unique, validate, balance or echo.",
        Required = true,
    };

    private static readonly Option<string> Endpoint = ServerArguments.Endpoint();

    private static readonly Option<string> Key = ServerArguments.Key("the platform or of the tenant's admin");

    private static readonly Option<int> Concurrency = Number("--concurrency", "Calls under way at once.", 64);

    private static readonly Option<int> Seconds = Number("--seconds", "Measured time.", 10);

    private static readonly Option<int> WarmUp = Number(
        "--warm-up", "Seconds of calls before the measured time.", 2);

    private static readonly Option<int> Customers = Number(
        "--customers", "Customers that take part; they are enrolled where missing.", 10_000);

    private static readonly Option<int?> Limit = new("--limit")
    {
        Description = $"redeem-hot: how often the code may be redeemed; {RedemptionsPerSecond} a second if not said.",
    };

    private static readonly Option<int?> Coupons = new("--coupons")
    {
        Description = $"validate, redeem-unique: unique coupons; 1000000, or {RedemptionsPerSecond} a second to be redeemed, if not said.",
    };

    private static readonly Option<string> Codes = new("--codes")
    {
        Description = "How these coupons lie on disk: series (computed codes) or stored (one by one).",
        DefaultValueFactory = _ => "series",
    };

    private static readonly Option<string> Tenant = new("--tenant")
    {
        Description = "The tenant's id; load-CUSTOMERS if not said.",
    };

    private static readonly Option<string> Http = new("--http")
    {
        Description = "The server's HTTP address: its metrics tell the processor time.",
    };

    private static readonly Option<int?> ServerPid = new("--server-pid")
    {
        Description = "The server's process, found by itself on this machine.",
    };

    private static readonly Option<string> ProbeDirectory = new("--probe-directory")
    {
        Description = "Where the time of an fsync is probed; best on the server's own disk.",
        DefaultValueFactory = _ => Path.GetTempPath(),
    };

    public static Command Create()
    {
        Operation.AcceptOnlyFromAmong("purchase", "redeem-hot", "redeem-unique", "validate", "balance", "echo");
        Codes.AcceptOnlyFromAmong("series", "stored");
        var command = new Command("load", "Loads a running server and tells what it bears.")
        {
            Operation, Endpoint, Key, Concurrency, Seconds, WarmUp, Customers, Limit, Coupons, Codes, Tenant, Http, ServerPid,
            ProbeDirectory,
        };
        command.SetAction((parsed, cancellation) => new LoadSession(Order(parsed)).Run(cancellation));
        return command;
    }

    private static LoadOrder Order(ParseResult parsed)
    {
        var endpoint = ServerArguments.Address(Endpoint, parsed.GetRequiredValue(Endpoint));
        var http = parsed.GetValue(Http) is { } text ? ServerArguments.Address(Http, text) : null;
        var customers = Within(parsed, Customers, 1, 100_000_000);
        var seconds = Within(parsed, Seconds, 1, 86_400);
        if (parsed.GetValue(Limit) is < 1) throw new UsageFailure($"{Limit.Name} must be at least 1");
        if (parsed.GetValue(Coupons) is < 1 or > CouponsMax) throw new UsageFailure($"{Coupons.Name} must be from 1 to {CouponsMax}");
        var operation = parsed.GetRequiredValue(Operation);
        var coupons = operation == "validate" ? CouponsMax : Math.Min(CouponsMax, (long)RedemptionsPerSecond * seconds);
        return new LoadOrder
        {
            Operation = operation,
            Coupons = parsed.GetValue(Coupons) ?? coupons,
            Codes = parsed.GetRequiredValue(Codes) == "series" ? CodeStorage.Series : CodeStorage.Stored,
            Endpoint = endpoint,
            Key = parsed.GetRequiredValue(Key),
            Plan = new LoadPlan
            {
                Concurrency = Within(parsed, Concurrency, 1, 10_000),
                WarmUp = TimeSpan.FromSeconds(Within(parsed, WarmUp, 0, 3600)),
                Duration = TimeSpan.FromSeconds(seconds),
            },
            Customers = customers,
            Limit = parsed.GetValue(Limit) ?? (long)RedemptionsPerSecond * seconds,
            Tenant = parsed.GetValue(Tenant) ?? $"load-{customers}",
            ServerUse = ServerProcess.Meter(endpoint, http, parsed.GetValue(ServerPid)),
            ProbeDirectory = parsed.GetRequiredValue(ProbeDirectory),
            IsSilent = parsed.GetValue(CommandLine.Json) || Console.IsErrorRedirected,
        };
    }

    private static Option<int> Number(string name, string description, int usual) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => usual,
    };

    private static int Within(ParseResult parsed, Option<int> option, int least, int most)
    {
        var value = parsed.GetValue(option);
        return value >= least && value <= most
            ? value
            : throw new UsageFailure($"{option.Name} must be from {least} to {most}");
    }
}
