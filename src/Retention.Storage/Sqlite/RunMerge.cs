namespace Retention.Storage.Sqlite;

/// <summary>Merges neighbouring runs into one, some blocks at a time. Of equal keys the newest position stays.</summary>
internal sealed class RunMerge
{
    private readonly Source[] sources;
    private readonly RunBuilder builder;

    /// <param name="inputs">Runs next to each other in age.</param>
    public RunMerge(IReadOnlyList<SortedRun> inputs, long firstBlock, int bitsPerKey)
    {
        Inputs = inputs;
        var entries = inputs.Sum(x => x.Place.Count);
        Output = new BlockRange(firstBlock, RunBuilder.BlocksOf(entries, bitsPerKey));
        builder = new RunBuilder(firstBlock, entries, inputs.Max(x => x.Place.Level) + 1, bitsPerKey);
        sources = [.. inputs.Select(x => new Source(x.Place))];
    }

    public IReadOnlyList<SortedRun> Inputs { get; }

    /// <summary>The blocks kept free for the result.</summary>
    public BlockRange Output { get; }

    /// <summary>The result, once everything is merged.</summary>
    public SortedRun? Result { get; private set; }

    /// <summary>Merges until some blocks are ready or all is done, and gives the blocks to write.</summary>
    public List<StoredBlock> Step(int blocks, Session session)
    {
        builder.Ready.Clear();
        while (Result is null && builder.Ready.Count < blocks)
        {
            if (!TakeLeast(session, out var key, out var position))
            {
                Result = builder.Finish();
                break;
            }

            builder.Add(key, position);
        }

        return builder.Ready;
    }

    private bool TakeLeast(Session session, out UInt128 key, out long position)
    {
        (key, position) = (UInt128.MaxValue, 0);
        Source? least = null;
        var isShared = false;
        foreach (var source in sources)
        {
            if (source.Fill(session) && (least is null || source.Key <= key))
            {
                isShared = least is not null && source.Key == key;
                (key, least) = (source.Key, source);
            }
        }

        if (least is null)
        {
            return false;
        }

        if (isShared)
        {
            position = PassAll(key, session);
        }
        else
        {
            position = least.Position;
            least.Pass();
        }

        return true;
    }

    private long PassAll(UInt128 key, Session session)
    {
        var position = 0L;
        foreach (var source in sources)
        {
            if (source.Fill(session) && source.Key == key)
            {
                position = Math.Max(position, source.Position);
                source.Pass();
            }
        }

        return position;
    }

    private sealed class Source(RunPlace place)
    {
        private byte[] entries = [];
        private int nextBlock;
        private int at;

        public UInt128 Key { get; private set; }

        public long Position { get; private set; }

        /// <summary>False when the run is used up.</summary>
        public bool Fill(Session session)
        {
            if (at * SortedRun.EntrySize < entries.Length)
            {
                return true;
            }

            if (nextBlock == place.EntryBlocks)
            {
                return false;
            }

            entries = session.Block(place.FirstBlock + nextBlock++);
            at = -1;
            Pass();
            return true;
        }

        public void Pass()
        {
            at++;
            if (at * SortedRun.EntrySize < entries.Length)
            {
                (Key, Position) = SortedRun.Entry(entries, at);
            }
        }
    }
}
