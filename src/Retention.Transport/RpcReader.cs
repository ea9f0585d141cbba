using Google.Protobuf;

namespace Retention.Transport;

/// <summary>The messages that a client streams. One reader at a time; what is not read holds the client back.</summary>
public sealed class RpcReader<T> : IAsyncEnumerable<T> where T : class, IMessage<T>, new()
{
    private readonly CallContext _call;
    private readonly MessageParser<T> _parser;
    private T? _current;

    internal RpcReader(CallContext call, MessageParser<T> parser)
    {
        _call = call;
        _parser = parser;
    }

    public T Current => _current ?? throw new InvalidOperationException("There is no current message.");

    /// <summary>False at the end of the stream. Throws when the call is over.</summary>
    public async ValueTask<bool> MoveNext()
    {
        _current = await _call.ReadNext(_parser);
        return _current is not null;
    }

    public async IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (await MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return Current;
        }
    }
}
