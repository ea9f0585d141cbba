using Google.Protobuf.Reflection;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Feed;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>The journal as one tenant may see it.</summary>
public sealed class FeedService : IRpcService
{
    private const int KindsMax = 100;
    private const int KindLengthMax = 100;
    private readonly IGrainHost grains;
    private readonly CancellationToken draining;
    private readonly KnownAgreements agreements;
    private readonly JournalIndex index = new();
    private readonly JournalTail tail;

    public FeedService(IGrainHost grains, CancellationToken draining)
    {
        this.grains = grains;
        this.draining = draining;
        agreements = new KnownAgreements(grains);
        tail = new JournalTail(grains.Journal, agreements, index, draining);
    }

    public ServiceDescriptor Descriptor => FeedServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) =>
        methods.ServerStreaming<WatchJournalRequest, WatchJournalResponse>(nameof(WatchJournal), WatchJournal);

    private async Task WatchJournal(
        WatchJournalRequest request, RpcWriter<WatchJournalResponse> responses, CallContext call)
    {
        var position = StartOf(request);
        var only = RequestField.OptionalId(request.AgreementId, "agreement_id");
        var view = new JournalView(
            agreements,
            call.Caller(),
            KindsOf(request),
            only is null ? null : PartitionId.Agreement(only));
        var walk = new JournalWalk(grains.Journal, index, view, new EntryWriter(responses), position);
        await responses.SendHeaders();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation, draining);
        try
        {
            if (request.UntilNow) await walk.ToAsync(await grains.Journal.AskHeadAsync(stop.Token), stop.Token);
            else await walk.FollowAsync(tail, stop.Token);
        }
        catch (OperationCanceledException) when (draining.IsCancellationRequested)
        {
            throw new RpcFailure(RpcStatus.Unavailable, "The server is going away; resume with the last resume_token.");
        }
    }

    private static long StartOf(WatchJournalRequest request)
    {
        if (PageToken.Read(request.ResumeToken, "resume_token") is not { } token)
        {
            return RequestField.Between(request.FromPosition, "from_position", 0, long.MaxValue);
        }

        return long.TryParse(token, out var position) && position >= 0
            ? position
            : throw RequestField.Invalid("resume_token", "as_returned");
    }

    private static HashSet<string> KindsOf(WatchJournalRequest request)
    {
        RequestField.AtMost(request.Kinds, "kinds", KindsMax);
        return [.. request.Kinds.Select(kind => RequestField.Text(kind, "kinds", KindLengthMax))];
    }
}
