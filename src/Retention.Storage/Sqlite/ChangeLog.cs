using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>
/// Effects and reminders as blocks: first a whole state, then what each generation changed. To read all of it in order
/// gives the state at the watermark; to replay the tail of the journal over that gives the state at the head.
/// </summary>
internal sealed class ChangeLog
{
    private const byte ReminderEntry = 1;
    private const byte EdgeEntry = 2;
    private const int SentPerEntry = 1000;
    private readonly Dictionary<Edge, EdgeState> edges = [];

    public Dictionary<(GrainId Grain, string Name), Instant> Reminders { get; } = [];

    public IEnumerable<(Edge Edge, long Received, List<SentAt> Sent)> Edges =>
        edges.Select(x => (x.Key, x.Value.Received, x.Value.Sent));

    public static ChangeLog Read(IEnumerable<BlockRange> ranges, Session session)
    {
        var log = new ChangeLog();
        foreach (var range in ranges)
        {
            for (var id = range.First; id < range.First + range.Count; id++)
            {
                log.Apply(session.Block(id));
            }
        }

        return log;
    }

    /// <summary>What a generation changed. Effects may be newer than it: to note them again changes nothing.</summary>
    public static List<StoredBlock> Write(long firstBlock, Generation generation, PendingEffects effects, long watermark)
    {
        var output = new Output(firstBlock);
        foreach (var ((grain, name), dueAt) in generation.Reminders)
        {
            output.Put(new ReminderChange(grain, name, dueAt));
        }

        foreach (var edge in generation.Edges)
        {
            var (received, sent) = effects.Since(edge, watermark);
            output.Put(edge, received, sent);
        }

        return output.Finish();
    }

    /// <summary>The whole state.</summary>
    public List<StoredBlock> Write(long firstBlock)
    {
        var output = new Output(firstBlock);
        foreach (var ((grain, name), dueAt) in Reminders)
        {
            output.Put(new ReminderChange(grain, name, dueAt));
        }

        foreach (var (edge, state) in edges)
        {
            output.Put(edge, state.Received, state.Sent);
        }

        return output.Finish();
    }

    private void Apply(byte[] block)
    {
        var reader = new ByteReader(block);
        while (!reader.AtEnd)
        {
            if (reader.Byte() == ReminderEntry)
            {
                Apply(JournalCodec.DecodeReminder(ref reader, default));
            }
            else
            {
                ApplyEdge(ref reader);
            }
        }
    }

    private void Apply(ReminderChange change)
    {
        if (change.DueAt is { } dueAt)
        {
            Reminders[(change.Grain, change.Name)] = dueAt;
        }
        else
        {
            Reminders.Remove((change.Grain, change.Name));
        }
    }

    private void ApplyEdge(ref ByteReader reader)
    {
        var edge = new Edge(new PartitionId(reader.Text()), new PartitionId(reader.Text()));
        if (!edges.TryGetValue(edge, out var state))
        {
            edges.Add(edge, state = new EdgeState());
        }

        state.Received = Math.Max(state.Received, reader.Number());
        for (var left = reader.Count(); left > 0; left--)
        {
            var sent = new SentAt(reader.Number(), reader.Number());
            if (state.Sent.Count == 0 || sent.Sequence > state.Sent[^1].Sequence)
            {
                state.Sent.Add(sent);
            }
        }

        state.Sent.RemoveAll(x => x.Sequence <= state.Received);
    }

    private sealed class EdgeState
    {
        public long Received { get; set; }

        public List<SentAt> Sent { get; } = [];
    }

    private sealed class Output(long firstBlock)
    {
        private readonly List<StoredBlock> blocks = [];
        private readonly ByteWriter writer = new();

        public void Put(ReminderChange change)
        {
            writer.Byte(ReminderEntry);
            JournalCodec.EncodeReminder(writer, default, change);
            CloseIfLarge();
        }

        public void Put(Edge edge, long received, List<SentAt> sent)
        {
            for (var first = 0; first == 0 || first < sent.Count; first += SentPerEntry)
            {
                var count = Math.Min(SentPerEntry, sent.Count - first);
                writer.Byte(EdgeEntry);
                writer.Text(edge.From.Value);
                writer.Text(edge.To.Value);
                writer.Number(received);
                writer.Number(count);
                for (var index = first; index < first + count; index++)
                {
                    writer.Number(sent[index].Sequence);
                    writer.Number(sent[index].Position);
                }

                CloseIfLarge();
            }
        }

        public List<StoredBlock> Finish()
        {
            Close();
            return blocks;
        }

        private void CloseIfLarge()
        {
            if (writer.Length >= Blocks.LargeSize)
            {
                Close();
            }
        }

        private void Close()
        {
            if (writer.Length > 0)
            {
                var id = firstBlock + blocks.Count;
                blocks.Add(new StoredBlock(id, Blocks.Seal(id, writer.Written)));
                writer.Clear();
            }
        }
    }
}
