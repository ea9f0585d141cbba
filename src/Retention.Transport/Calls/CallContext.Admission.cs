namespace Retention.Transport;

/// <summary>What a call holds of what all calls share: bytes of requests, and a place of its party.</summary>
public sealed partial class CallContext
{
    private long _heldBytes;
    private bool _isInShare;

    /// <summary>The share that the call takes its place from; null takes none. Set by the authenticator.</summary>
    public ICallShare? Share { get; set; }

    /// <summary>Takes the place of a call whose request is read. Null: taken, or there is no share.</summary>
    internal RpcFailure? TryEnterShare()
    {
        if (Share is not { } share || share.TryEnter() is not { } refusal)
        {
            _isInShare = Share is not null;
            return null;
        }

        return refusal;
    }

    /// <summary>A stream's message waits until its party may send another.</summary>
    private async ValueTask WaitForShare()
    {
        if (Share is { } share && share.Count() is { } wait && wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, _rpc.Runtime.Time, Cancellation);
        }
    }

    /// <summary>Counts what is received of a request and not let go, against the budget of all.</summary>
    private void Hold(long bytes)
    {
        var more = bytes - _heldBytes;
        if (more <= 0) return;
        var budget = _rpc.Runtime.Budget;
        if (!budget.TryTake(more)) throw _rpc.Runtime.Options.Overloaded("max_request_bytes_in_flight", budget.Limit);
        _heldBytes = bytes;
    }

    private void LetGo()
    {
        if (_heldBytes == 0) return;
        _rpc.Runtime.Budget.GiveBack(_heldBytes);
        _heldBytes = 0;
    }

    private void LeaveShare()
    {
        if (!_isInShare) return;
        _isInShare = false;
        Share!.Leave();
    }
}
