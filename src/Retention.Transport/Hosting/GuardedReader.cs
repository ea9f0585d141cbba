using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Retention.Transport.Hosting;

/// <summary>Passes a connection's bytes on and counts the frames among them when they are consumed.</summary>
internal sealed class GuardedReader(PipeReader inner, FrameCount count, Action onFirstBytes, Action onFlood) : PipeReader
{
    private ReadOnlySequence<byte> _last;
    private bool _hasBytes;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var result = await inner.ReadAsync(cancellationToken);
        Take(result.Buffer);
        return result;
    }

    public override bool TryRead(out ReadResult result)
    {
        var isRead = inner.TryRead(out result);
        if (isRead) Take(result.Buffer);
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

    private void Take(ReadOnlySequence<byte> buffer)
    {
        _last = buffer;
        if (_hasBytes || buffer.IsEmpty) return;
        _hasBytes = true;
        onFirstBytes();
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
}
