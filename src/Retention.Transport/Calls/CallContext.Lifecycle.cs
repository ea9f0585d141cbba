using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Retention.Transport.Calls;
using Retention.Transport.Telemetry;
using Retention.Transport.Wire;

namespace Retention.Transport;

/// <summary>From the first header to the status: who may end the call, and what becomes of who comes later.</summary>
public sealed partial class CallContext
{
    private CancellationTokenSource? _cancellation;
    private CancellationTokenRegistration _clientGone;
    private ITimer? _timer;
    private TaskCompletionSource? _endedByTime;
    private TimeSpan _timeLeft;
    private long _startedAt;
    private bool _isDeadlineOfClient;
    private bool _isCallerGone;
    private bool _isArmed;
    private bool _isOver;
    private bool _isTimeUp;
    private bool _isWriting;
    private bool _isEnded;

    internal RpcStatus Status { get; private set; } = RpcStatus.Unknown;

    internal long StartedAt => _startedAt;

    internal RpcMethod Rpc => _rpc;

    /// <summary>Reads the protocol's own headers.</summary>
    internal void Start()
    {
        _startedAt = _rpc.Runtime.Time.GetTimestamp();
        _timeLeft = _rpc.MaxDuration;
        RpcTelemetry.Started();
        var text = IsConnect ? RequestHeaders["connect-timeout-ms"] : RequestHeaders.GrpcTimeout;
        if (text.Count > 0) StartDeadline(text.ToString());
        CheckEncoding();
    }

    /// <summary>
    /// Watches the time and the caller. Called only when a call has to wait for something, so that calls that
    /// are answered at once pay for no timer.
    /// </summary>
    internal void Arm()
    {
        if (_isArmed) return;
        _isArmed = true;
        _clientGone = Http.RequestAborted.UnsafeRegister(static call => ((CallContext)call!).Stop(), this);
        _timer = _rpc.Runtime.Time.CreateTimer(
            static call => ((CallContext)call!).OnTimeUp(), this, _timeLeft, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Streams outlive Kestrel's limits for uploads; the transport's own take their place.</summary>
    internal void StartStream()
    {
        var features = Http.Features;
        if (features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        if (features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        Arm();
    }

    internal ValueTask Fail(Exception error)
    {
        var failure = error as RpcFailure ?? Translate(error);

        // A response that could not be written leaves the call ended, but without a status.
        var isWithoutStatus = _endedByTime is null && Status == RpcStatus.Unknown;
        return TryEnd() || isWithoutStatus ? SendStatus(failure) : default;
    }

    internal ValueTask Finish()
    {
        _timer?.Dispose();
        _clientGone.Unregister();
        LetGo();
        LeaveShare();
        RpcTelemetry.Finished(this);
        return _endedByTime is null ? default : new ValueTask(_endedByTime.Task);
    }

    internal OperationCanceledException Cancelled() => new(Cancellation);

    private void StartDeadline(string text)
    {
        var isValid = IsConnect
            ? GrpcTimeout.TryParseMilliseconds(text, out var timeout)
            : GrpcTimeout.TryParse(text, out timeout);
        if (!isValid) throw new RpcFailure(RpcStatus.InvalidArgument, "The timeout header is malformed.");
        if (timeout == TimeSpan.Zero)
        {
            _isDeadlineOfClient = true;
            throw TimeUp();
        }

        // A deadline of years is legal and means none.
        if (timeout > TimeSpan.FromDays(365)) return;
        Deadline = _rpc.Runtime.Time.GetUtcNow() + timeout;
        if (timeout <= _timeLeft)
        {
            _timeLeft = timeout;
            _isDeadlineOfClient = true;
        }
    }

    private RpcFailure TimeUp() => _rpc.IsUnary || _isDeadlineOfClient || _timeLeft == default
        ? new RpcFailure(RpcStatus.DeadlineExceeded, "The deadline has passed.")
        : new RpcFailure(RpcStatus.Unavailable, "The stream reached its longest life; resume it.");

    private void OnTimeUp()
    {
        var endsNow = false;
        lock (_gate)
        {
            if (_isEnded) return;
            _isTimeUp = true;

            // A response that is just being written cannot be ended from here: the writer is cancelled, and the
            // status follows when the method has returned.
            if (!_isWriting)
            {
                endsNow = _isEnded = true;
                _endedByTime = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        if (endsNow) _ = EndByTime();
        else StopReading();
    }

    private async Task EndByTime()
    {
        try
        {
            await SendStatus(TimeUp());
            await Http.Response.CompleteAsync();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The connection went away meanwhile: there is nobody left to tell.
        }
        finally
        {
            StopReading();
            _endedByTime!.SetResult();
        }
    }

    private void StopReading()
    {
        Stop();
        try
        {
            Http.Request.BodyReader.CancelPendingRead();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or InvalidOperationException)
        {
            // Kestrel has already ended the read with the fault of the connection.
        }
    }

    private void Stop()
    {
        CancellationTokenSource? cancellation;
        lock (_gate)
        {
            _isOver = true;
            cancellation = _cancellation;
        }

        // Not on this thread: it is a timer's or the connection's, and what waits on the token may take long.
        _ = cancellation?.CancelAsync();
    }

    private bool TryEnd()
    {
        if (!_isArmed) return _isEnded = true;
        lock (_gate)
        {
            return !_isEnded && (_isEnded = true);
        }
    }

    private RpcFailure Translate(Exception error)
    {
        if (_isTimeUp) return TimeUp();
        if (error is OperationCanceledException && (_isCallerGone || Http.RequestAborted.IsCancellationRequested))
        {
            return new RpcFailure(RpcStatus.Cancelled, "The caller is gone.");
        }

        var errorId = Guid.NewGuid().ToString("N");
        TransportLog.MethodFailed(_rpc.Runtime.Logger, Method, errorId, TransportLog.Describe(error));
        return new RpcFailure(RpcStatus.Internal, $"Internal error {errorId}.");
    }
}
