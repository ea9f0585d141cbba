using System.Collections.Frozen;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Auth;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>What became of an operation, read from the ledger, which keeps the first reply under its request id.</summary>
public sealed class OperationService(IGrainHost grains, MethodRules rules, IEnumerable<ServiceDescriptor> services)
    : IRpcService
{
    private const string TypePrefix = "type.googleapis.com/";

    private static readonly UInt128 SealContent = LedgerKey.Digest("seal"u8);

    // Each rpc has a response of its own, so the format of a kept reply names the method.
    private readonly FrozenDictionary<string, MethodDescriptor> methodByResponse = services
        .SelectMany(service => service.Methods)
        .DistinctBy(method => method.OutputType.FullName)
        .ToFrozenDictionary(method => method.OutputType.FullName);

    public ServiceDescriptor Descriptor => OperationServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<GetOperationRequest, GetOperationResponse>(nameof(GetOperation), GetOperation)
        .Unary<SealOperationRequest, SealOperationResponse>(nameof(SealOperation), SealOperation);

    private async ValueTask<GetOperationResponse> GetOperation(GetOperationRequest request, CallContext call)
    {
        var key = KeyOf(request.RequestId, call);
        return new GetOperationResponse { Operation = await Find(key, call) };
    }

    private async ValueTask<SealOperationResponse> SealOperation(SealOperationRequest request, CallContext call)
    {
        var key = KeyOf(request.RequestId, call);
        var command = new Command(
            call.Caller().Partition,
            [new CommandKey(key, RefusalReason.RequestIdReused)],
            SealContent,
            _ => Decision.With(true),
            new SealedFormat());
        var answer = await grains.AskAsync(command, call.Cancellation);

        // A key that is taken belongs to an operation that was applied; any other refusal is the caller's to see.
        if (answer.Refusal is { Reason: not RefusalReason.RequestIdReused }) Asking.Granted(answer);
        return new SealOperationResponse { Operation = await Find(key, call) };
    }

    private static LedgerKey KeyOf(string requestId, CallContext call) =>
        LedgerKey.Request(call.Caller().TenantId, RequestField.RequestId(requestId));

    private async ValueTask<Operation> Find(LedgerKey key, CallContext call) =>
        await grains.FindAsync(key, call.Cancellation) is { Ledger: { } kept } record
            ? ToProto(record, kept, call.Caller())
            : new Operation { State = OperationState.NotApplied };

    private Operation ToProto(JournalRecord record, LedgerWrite kept, Caller caller)
    {
        var isSealed = kept.Format == LedgerFormats.Sealed;
        var operation = new Operation
        {
            State = isSealed ? OperationState.Sealed : OperationState.Applied,
            Position = record.Position,
            RecordTime = record.RecordedAt.ToProto(),
        };
        if (!isSealed && MaySee(kept.Format, caller))
        {
            operation.Reply = new Any { TypeUrl = TypePrefix + kept.Format, Value = ByteString.CopyFrom(kept.Reply.Span) };
        }

        return operation;
    }

    // Nobody learns from an operation what he could not have asked for; those who see the whole tenant see all.
    private bool MaySee(string format, Caller caller) =>
        caller.Role is Role.TenantAdmin or Role.Auditor
        || (methodByResponse.TryGetValue(format, out var method) && rules.Allows(method, caller.Role));

    private sealed class SealedFormat : IReplyFormat
    {
        public string Name => LedgerFormats.Sealed;

        public object Shape(object reply) => reply;

        public ReadOnlyMemory<byte> Encode(object shaped) => default;

        public object Decode(ReadOnlyMemory<byte> bytes) => true;
    }
}
