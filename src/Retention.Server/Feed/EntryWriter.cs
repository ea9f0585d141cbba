using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Feed;

/// <summary>
/// Puts entries into messages of bounded size. Facts of one commit stay together, so that the token after them is never
/// in the middle of one.
/// </summary>
internal sealed class EntryWriter(RpcWriter<WatchJournalResponse> responses)
{
    private const int EntriesPerMessage = 500;

    // The rest of a message's limit is left to the entries of one last commit and to the token.
    private const int BytesPerMessage = 32 * 1024;

    /// <param name="position">Up to which everything is told, perhaps beyond the last entry.</param>
    public async ValueTask WriteAsync(List<JournalEntry> entries, long position)
    {
        var start = 0;
        var bytes = 0;
        for (var end = 1; end < entries.Count; end++)
        {
            bytes += entries[end - 1].CalculateSize();
            var isFull = end - start >= EntriesPerMessage || bytes >= BytesPerMessage;
            if (!isFull || entries[end].Position == entries[end - 1].Position) continue;
            await responses.Write(Message(entries[start..end], entries[end - 1].Position));
            (start, bytes) = (end, 0);
        }

        await responses.Write(Message(entries[start..], position));
    }

    private static WatchJournalResponse Message(List<JournalEntry> entries, long position) =>
        new() { Entries = { entries }, ResumeToken = PageToken.Write($"{position}") };
}
