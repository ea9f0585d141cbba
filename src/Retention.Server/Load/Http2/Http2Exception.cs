namespace Retention.Server.Load.Http2;

/// <summary>The peer broke HTTP/2, or the connection ended. The connection is of no more use.</summary>
internal sealed class Http2Exception : Exception
{
    public Http2Exception(string message)
        : base(message)
    {
    }

    public Http2Exception(string message, Exception cause)
        : base(message, cause)
    {
    }

    public Http2Exception()
    {
    }
}
