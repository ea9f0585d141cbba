using System.Text;

namespace Retention.Faults.Disk;

/// <summary>What of the unsynced writes a power cut leaves.</summary>
internal enum Cut
{
    Nothing,
    Everything,
    RandomSectors,
    TornPrefix,
}

/// <summary>
/// The disk after the first n records: what is durable, and what waits for a sync. A file's bytes are durable after its
/// own sync, its name after the directory's.
/// </summary>
internal sealed class DiskState
{
    private const int Sector = 512;
    private readonly Dictionary<ulong, DiskFile> open = [];
    private readonly Dictionary<string, DiskFile> durableNames = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DiskFile> names = new(StringComparer.Ordinal);
    private readonly List<(DiskStep Step, string Name, string To, DiskFile? File)> unsyncedNames = [];

    public void Apply(DiskRecord record)
    {
        switch (record.Step)
        {
            case DiskStep.Create:
                Rename(record.Step, record.Name, "", open[record.Inode] = new DiskFile());
                break;
            case DiskStep.Write or DiskStep.Truncate:
                if (open.TryGetValue(record.Inode, out var changed)) changed.Pending.Add(record);
                break;
            case DiskStep.Sync:
                if (open.TryGetValue(record.Inode, out var synced)) synced.Sync();
                break;
            case DiskStep.Unlink:
                Rename(record.Step, record.Name, "", null);
                break;
            case DiskStep.Rename:
                Rename(record.Step, record.Name, Encoding.UTF8.GetString(record.Bytes.Span), null);
                break;
            case DiskStep.DirectorySync:
                foreach (var change in unsyncedNames) Enter(durableNames, change);
                unsyncedNames.Clear();
                break;
        }
    }

    /// <summary>Writes what a power cut at this moment would leave.</summary>
    public void WriteImage(string directory, string original, Cut cut, Random random)
    {
        var found = new Dictionary<string, DiskFile>(durableNames, StringComparer.Ordinal);
        var renamed = cut switch
        {
            Cut.Nothing => 0,
            Cut.Everything => unsyncedNames.Count,
            _ => random.Next(unsyncedNames.Count + 1),
        };
        foreach (var change in unsyncedNames.Take(renamed)) Enter(found, change);
        foreach (var (name, file) in found)
        {
            var path = Path.Combine(directory, Path.GetRelativePath(original, name));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            file.WriteAfter(cut, random, path);
        }
    }

    /// <summary>Files whose recorded bytes differ from those on the disk. Any shows that something escaped the record.</summary>
    public IEnumerable<string> Differences() =>
        from name in names
        where !File.Exists(name.Key) || !name.Value.Current().AsSpan().SequenceEqual(File.ReadAllBytes(name.Key))
        select name.Key;

    private void Rename(DiskStep step, string name, string to, DiskFile? file)
    {
        // The log's index is shared memory and is made again at every start.
        if (name.EndsWith("-shm", StringComparison.Ordinal)) return;
        unsyncedNames.Add((step, name, to, file));
        Enter(names, unsyncedNames[^1]);
    }

    private static void Enter(
        Dictionary<string, DiskFile> into, (DiskStep Step, string Name, string To, DiskFile? File) change)
    {
        if (change.Step == DiskStep.Create)
        {
            into[change.Name] = change.File!;
        }
        else if (into.Remove(change.Name, out var moved) && change.Step == DiskStep.Rename)
        {
            into[change.To] = moved;
        }
    }

    private sealed class DiskFile
    {
        private byte[] durable = new byte[4096];
        private int length;

        public List<DiskRecord> Pending { get; } = [];

        public void Sync()
        {
            foreach (var record in Pending) Enter(ref durable, ref length, record, record.Bytes.Length);
            Pending.Clear();
        }

        public byte[] Current()
        {
            var (bytes, count) = (durable.ToArray(), length);
            foreach (var record in Pending) Enter(ref bytes, ref count, record, record.Bytes.Length);
            return bytes[..count];
        }

        public void WriteAfter(Cut cut, Random random, string path)
        {
            if (cut == Cut.Nothing || Pending.Count == 0)
            {
                using var plain = File.Create(path);
                plain.Write(durable, 0, length);
                return;
            }

            var (bytes, count) = (durable.ToArray(), length);
            var whole = cut == Cut.TornPrefix ? random.Next(Pending.Count) : Pending.Count;
            for (var index = 0; index < whole; index++)
            {
                if (cut == Cut.RandomSectors) EnterSectors(ref bytes, ref count, Pending[index], random);
                else Enter(ref bytes, ref count, Pending[index], Pending[index].Bytes.Length);
            }

            if (cut == Cut.TornPrefix && Pending[whole].Step == DiskStep.Write)
            {
                Enter(ref bytes, ref count, Pending[whole], random.Next(Pending[whole].Bytes.Length + 1));
            }

            using var image = File.Create(path);
            image.Write(bytes, 0, count);
        }

        private static void EnterSectors(ref byte[] bytes, ref int length, DiskRecord record, Random random)
        {
            if (record.Step == DiskStep.Truncate)
            {
                if (random.Next(2) == 0) Enter(ref bytes, ref length, record, 0);
                return;
            }

            for (var from = 0; from < record.Bytes.Length;)
            {
                var to = Math.Min(record.Bytes.Length, from + Sector - (int)((record.Number + from) % Sector));
                if (random.Next(2) == 0)
                {
                    Enter(ref bytes, ref length,
                        record with { Number = record.Number + from, Bytes = record.Bytes[from..to] }, to - from);
                }

                from = to;
            }
        }

        private static void Enter(ref byte[] bytes, ref int length, DiskRecord record, int count)
        {
            var end = record.Step == DiskStep.Truncate ? (int)record.Number : (int)record.Number + count;
            if (end > bytes.Length) Array.Resize(ref bytes, Math.Max(end, bytes.Length * 2));
            if (record.Step == DiskStep.Truncate)
            {
                if (end < length) Array.Clear(bytes, end, length - end);
                length = end;
                return;
            }

            record.Bytes.Span[..count].CopyTo(bytes.AsSpan((int)record.Number));
            length = Math.Max(length, count == 0 ? 0 : end);
        }
    }
}
