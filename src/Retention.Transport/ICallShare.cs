namespace Retention.Transport;

/// <summary>
/// What one party may have of the server, set by the authenticator as <see cref="CallContext.Share"/>. Asked from many
/// threads at once, for every call.
/// </summary>
public interface ICallShare
{
    /// <summary>Takes a place for a call whose request is read. Null: taken; else why not.</summary>
    RpcFailure? TryEnter();

    /// <summary>Gives the place back when the call has ended.</summary>
    void Leave();

    /// <summary>Counts one message of a stream; how long it has to wait, so that a stream is slowed and not cut.</summary>
    TimeSpan Count();
}
