using System.Collections.Frozen;
using Retention.Rpc;
using Retention.Transport;
using StatusDetails = Retention.Rpc.Status;

namespace Retention.Server.Client;

/// <summary>A call that ended with a status other than OK, or never reached a server.</summary>
public sealed class RpcCallException : Exception
{
    public RpcCallException(RpcStatus status, string message, StatusDetails? details = null)
        : base(message)
    {
        Status = status;
        foreach (var detail in details?.Details ?? [])
        {
            if (detail.TryUnpack<ErrorInfo>(out var info))
            {
                Reason = info.Reason;
                Metadata = info.Metadata.ToFrozenDictionary();
            }
        }
    }

    public RpcStatus Status { get; }

    /// <summary>The ErrorInfo's reason, e.g. "AFTER_END"; empty when the server gave none.</summary>
    public string Reason { get; } = "";

    public IReadOnlyDictionary<string, string> Metadata { get; } = FrozenDictionary<string, string>.Empty;

    /// <summary>
    /// Whether the same request may simply be sent again. Under the same request id this is always safe: an attempt
    /// that did apply answers with its first reply.
    /// </summary>
    public bool IsTransient => Status is RpcStatus.Unavailable or RpcStatus.Aborted or RpcStatus.DeadlineExceeded
        || Status == RpcStatus.ResourceExhausted && Reason == "OVERLOADED";
}
