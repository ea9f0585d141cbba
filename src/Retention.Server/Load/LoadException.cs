namespace Retention.Server.Load;

/// <summary>The run cannot go on; the message says why, in the words of whoever started it.</summary>
internal sealed class LoadException : Exception
{
    public LoadException(string message)
        : base(message)
    {
    }

    public LoadException(string message, Exception cause)
        : base(message, cause)
    {
    }

    public LoadException()
    {
    }
}
