using Retention.Transport;

namespace Retention.Server.Client;

/// <summary>A call that the server did not answer with OK.</summary>
public sealed class RpcCallException : Exception
{
    public RpcCallException(RpcStatus status, string message, string reason)
        : base(message)
    {
        Status = status;
        Reason = reason;
    }

    public RpcCallException()
    {
    }

    public RpcCallException(string message)
        : base(message)
    {
    }

    public RpcCallException(string message, Exception cause)
        : base(message, cause)
    {
    }

    public RpcStatus Status { get; } = RpcStatus.Unknown;

    /// <summary>The reason in the error's details, for example "CUSTOMER_NOT_FOUND"; empty where there is none.</summary>
    public string Reason { get; } = "";
}
