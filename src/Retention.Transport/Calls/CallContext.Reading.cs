using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Retention.Transport.Wire;

namespace Retention.Transport;

/// <summary>Requests: frames off the pipe, checked on the wire, then parsed.</summary>
public sealed partial class CallContext
{
    private bool _isGzipRequest;

    internal ValueTask<T> ReadSingle<T>(MessageParser<T> parser) where T : class, IMessage<T> =>
        IsConnect ? ReadConnect(parser) : ReadSingleFrame(parser);

    private async ValueTask<T> ReadSingleFrame<T>(MessageParser<T> parser) where T : class, IMessage<T>
    {
        var body = Http.Request.BodyReader;
        T? message = null;
        while (true)
        {
            var reading = Read(body);
            var result = reading.IsCompletedSuccessfully ? reading.Result : await reading;
            var buffer = result.Buffer;
            var consumed = buffer.End;
            try
            {
                if (result.IsCanceled) throw Cancelled();
                Hold(buffer.Length);
                if (message is null) TryTake(ref buffer, parser, out message);
                if (message is not null && !buffer.IsEmpty) throw TooMany();
                if (result.IsCompleted) return message ?? throw Incomplete(buffer);
                consumed = buffer.Start;
            }
            finally
            {
                // Also after a fault: Kestrel drains what is left, and may not find a read in progress.
                body.AdvanceTo(consumed, result.Buffer.End);
            }
        }
    }

    /// <summary>The next message of a stream, or null at its end. The last one counts as let go.</summary>
    internal async ValueTask<T?> ReadNext<T>(MessageParser<T> parser) where T : class, IMessage<T>
    {
        LetGo();
        var body = Http.Request.BodyReader;
        while (true)
        {
            var reading = Read(body);
            var result = reading.IsCompletedSuccessfully ? reading.Result : await reading;
            var buffer = result.Buffer;
            var (consumed, examined) = (buffer.End, buffer.End);
            try
            {
                if (result.IsCanceled) throw Cancelled();
                Hold(buffer.Length);
                if (TryTake(ref buffer, parser, out var message))
                {
                    consumed = examined = buffer.Start;
                    await WaitForShare();
                    return message;
                }

                if (result.IsCompleted) return buffer.IsEmpty ? null : throw Incomplete(buffer);
                consumed = buffer.Start;
            }
            finally
            {
                body.AdvanceTo(consumed, examined);
            }
        }
    }

    // Kestrel tells of a caller that left by failing the read, often before it cancels the request: at once where it
    // knew before, else later.
    private ValueTask<ReadResult> Read(PipeReader body)
    {
        try
        {
            var reading = body.ReadAsync();
            return reading.IsCompletedSuccessfully ? reading : Received(reading);
        }
        catch (Exception error) when (IsOfCaller(error))
        {
            throw CallerGone();
        }
    }

    private async ValueTask<ReadResult> Received(ValueTask<ReadResult> reading)
    {
        Arm();
        try
        {
            return await reading;
        }
        catch (Exception error) when (IsOfCaller(error))
        {
            throw CallerGone();
        }
    }

    private static bool IsOfCaller(Exception error) => error is IOException or ConnectionAbortedException;

    private OperationCanceledException CallerGone()
    {
        _isCallerGone = true;
        return Cancelled();
    }

    private bool TryTake<T>(ref ReadOnlySequence<byte> buffer, MessageParser<T> parser, out T? message)
        where T : class, IMessage<T>
    {
        var isTaken = Frames.TryTake(ref buffer, _rpc.MessageLimit, out var isCompressed, out var payload);
        message = isTaken ? Parse(parser, payload, isCompressed) : null;
        return isTaken;
    }

    private static RpcFailure TooMany() =>
        new(RpcStatus.Internal, "More than one message was sent to a method that takes one.");

    private static RpcFailure Incomplete(ReadOnlySequence<byte> rest) => rest.IsEmpty
        ? new RpcFailure(RpcStatus.Unimplemented, "No message was sent to a method that takes one.")
        : new RpcFailure(RpcStatus.Internal, "The request ends in the middle of a message.");

    private void CheckEncoding()
    {
        var encoding = IsConnect ? RequestHeaders.ContentEncoding : RequestHeaders.GrpcEncoding;
        if (encoding.Count == 0) return;
        switch (encoding.ToString())
        {
            case "identity":
                return;
            case "gzip":
                _isGzipRequest = true;
                return;
            default:
                if (IsConnect) Http.Response.Headers.AcceptEncoding = "identity,gzip";
                else Http.Response.Headers.GrpcAcceptEncoding = "identity,gzip";
                throw new RpcFailure(RpcStatus.Unimplemented, "The message encoding is not known; gzip is.");
        }
    }

    private T Parse<T>(MessageParser<T> parser, ReadOnlySequence<byte> payload, bool isCompressed)
        where T : class, IMessage<T>
    {
        IsRequestCompressed = isCompressed;
        if (!isCompressed && payload.IsSingleSegment) return Parse(parser, payload.FirstSpan);

        byte[] rented;
        int length;
        if (isCompressed)
        {
            if (!_isGzipRequest)
            {
                throw new RpcFailure(RpcStatus.Internal, "A message is compressed, but no encoding is named.");
            }

            rented = Frames.Unzip(payload, _rpc.MessageLimit, out length);
        }
        else
        {
            length = (int)payload.Length;
            rented = ArrayPool<byte>.Shared.Rent(length);
            payload.CopyTo(rented);
        }

        try
        {
            if (isCompressed) Hold(_heldBytes + length);
            return Parse(parser, rented.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private T Parse<T>(MessageParser<T> parser, ReadOnlySpan<byte> message) where T : class, IMessage<T>
    {
        CheckWire(message);
        try
        {
            return parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException)
        {
            throw Refusal(WireFault.Malformed, "");
        }
    }

    private void CheckWire(ReadOnlySpan<byte> message)
    {
        var fault = WireCheck.Find(message, _rpc.RequestShape, _rpc.Runtime.Options.MaxElements, out var path);
        if (fault != WireFault.None) throw Refusal(fault, path);
    }

    private RpcFailure Refusal(WireFault fault, string path) => fault switch
    {
        WireFault.Malformed => new RpcFailure(
            RpcStatus.InvalidArgument, path.Length == 0 ? "The message is malformed." : $"The field {path} is malformed."),
        WireFault.InvalidUtf8 => _rpc.Runtime.Options.Unreadable(path, "valid_utf_8"),
        WireFault.Replaced => _rpc.Runtime.Options.Unreadable(path, "no_replacement_character"),
        WireFault.Control => _rpc.Runtime.Options.Unreadable(path, "no_control_characters"),
        _ => new RpcFailure(
            RpcStatus.ResourceExhausted,
            $"The message holds more than {_rpc.Runtime.Options.MaxElements} elements."),
    };
}
