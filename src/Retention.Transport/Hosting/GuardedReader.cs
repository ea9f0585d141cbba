using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Retention.Transport.Hosting;

/// <summary>Passes a connection's bytes on and counts the frames among them when they are consumed.</summary>
internal sealed class GuardedReader(PipeReader inner, FrameCount count, Action onFlood) : PipeReader
{
    private ReadOnlySequence<byte> _last;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var result = await inner.ReadAsync(cancellationToken);
        _last = result.Buffer;
        return result;
    }

    public override bool TryRead(out ReadResult result)
    {
        var isRead = inner.TryRead(out result);
        if (isRead) _last = result.Buffer;
        return isRead;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var isFlood = !count.Add(_last.Slice(0, consumed));
        _last = default;
        inner.AdvanceTo(consumed, examined);
        if (isFlood) onFlood();
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
}
