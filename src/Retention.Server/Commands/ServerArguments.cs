using System.CommandLine;
using Retention.Server.Client;
using Retention.Transport;

namespace Retention.Server.Commands;

/// <summary>How a verb that calls a server is told where that is and as whom, and how it ends when the server refuses.</summary>
internal static class ServerArguments
{
    public static Option<string> Endpoint() => new("--endpoint")
    {
        Description = "The server's gRPC address, e.g. http://127.0.0.1:5001.", Required = true,
    };

    /// <param name="whose">E.g. "a tenant's admin".</param>
    public static Option<string> Key(string whose) => new("--key")
    {
        Description = $"API key of {whose}.", Required = true,
    };

    public static Uri Address(Option<string> option, string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new UsageFailure($"{option.Name} {text} is not an address, e.g. http://127.0.0.1:5001");

    /// <summary>Runs calls; a refused key is wrong usage, every other refusal a failure.</summary>
    public static async Task<int> CallAsync(string whose, Func<Task> calls)
    {
        try
        {
            await calls();
            return 0;
        }
        catch (RpcCallException e) when (e.Status is RpcStatus.Unauthenticated or RpcStatus.PermissionDenied)
        {
            throw new UsageFailure($"--key is not the key of {whose} here");
        }
        catch (RpcCallException e)
        {
            throw new CommandFailure($"{e.Status} {e.Reason}: {e.Message}");
        }
    }
}
