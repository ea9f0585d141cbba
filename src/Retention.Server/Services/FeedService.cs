using Google.Protobuf.Reflection;
using Retention.Engine.Ports;
using Retention.Server.Feed;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>The journal as one tenant may see it.</summary>
public sealed class FeedService(IGrainHost grains, CancellationToken draining) : IRpcService
{
    private const int RecordsPerRead = 500;
    private const int EntriesPerMessage = 500;
    private const int KindsMax = 100;
    private const int KindLengthMax = 100;

    // A follower of a quiet tenant on a busy server still gets a token now and then, and resumes near the head.
    private const int RecordsPerToken = 100_000;

    public ServiceDescriptor Descriptor => FeedServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) =>
        methods.ServerStreaming<WatchJournalRequest, WatchJournalResponse>(nameof(WatchJournal), WatchJournal);

    private async Task WatchJournal(
        WatchJournalRequest request, RpcWriter<WatchJournalResponse> responses, CallContext call)
    {
        var position = StartOf(request);
        var view = new JournalView(grains, call.Caller(), KindsOf(request));
        var told = position;
        await responses.SendHeaders();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation, draining);
        while (true)
        {
            var records = await ReadAsync(position, stop.Token);
            var entries = new List<JournalEntry>();
            foreach (var record in records)
            {
                await view.AddAsync(record, entries, stop.Token);
            }

            position = records.Count > 0 ? records[^1].Position : position;
            if (entries.Count == 0 && position - told < RecordsPerToken) continue;
            await WriteAsync(responses, entries, position);
            told = position;
        }
    }

    private async ValueTask<IReadOnlyList<JournalRecord>> ReadAsync(long position, CancellationToken stop)
    {
        try
        {
            var records = await grains.Journal.ReadAsync(position, RecordsPerRead, stop);
            if (records.Count == 0) await grains.Journal.WaitBeyondAsync(position, stop);
            return records;
        }
        catch (OperationCanceledException) when (draining.IsCancellationRequested)
        {
            throw new RpcFailure(RpcStatus.Unavailable, "The server is going away; resume with the last resume_token.");
        }
    }

    // Facts of one commit stay together, so that the token after them is never in the middle of one.
    private static async ValueTask WriteAsync(
        RpcWriter<WatchJournalResponse> responses, List<JournalEntry> entries, long position)
    {
        var start = 0;
        while (entries.Count - start > EntriesPerMessage)
        {
            var end = start + EntriesPerMessage;
            while (end < entries.Count && entries[end].Position == entries[end - 1].Position)
            {
                end++;
            }

            await responses.Write(Message(entries[start..end], entries[end - 1].Position));
            start = end;
        }

        await responses.Write(Message(entries[start..], position));
    }

    private static WatchJournalResponse Message(List<JournalEntry> entries, long position) =>
        new() { Entries = { entries }, ResumeToken = PageToken.Write($"{position}") };

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
