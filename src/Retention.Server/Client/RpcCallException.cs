using System.Collections.Frozen;
using Retention.Rpc;
using Retention.Transport;

namespace Retention.Server.Client;

/// <summary>A call that ended with a status other than OK, or never reached a server.</summary>
public sealed class RpcCallException : Exception
{
    public RpcCallException(RpcStatus code, string message, Status? details = null)
        : base(message)
    {
        Code = code;
        foreach (var detail in details?.Details ?? [])
        {
            if (detail.TryUnpack<ErrorInfo>(out var info))
            {
                Reason = info.Reason;
                Metadata = info.Metadata.ToFrozenDictionary();
            }
        }
    }

    public RpcStatus Code { get; }

    /// <summary>The ErrorInfo's reason, e.g. "AFTER_END"; empty when the server gave none.</summary>
    public string Reason { get; } = "";

    public IReadOnlyDictionary<string, string> Metadata { get; } = FrozenDictionary<string, string>.Empty;

    /// <summary>
    /// Whether the same request may simply be sent again. Under the same request id this is always safe: an attempt
    /// that did apply answers with its first reply.
    /// </summary>
    public bool IsTransient => Code is RpcStatus.Unavailable or RpcStatus.Aborted or RpcStatus.DeadlineExceeded
        || Code == RpcStatus.ResourceExhausted && Reason == "OVERLOADED";
}
