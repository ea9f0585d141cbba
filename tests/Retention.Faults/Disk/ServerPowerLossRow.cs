using System.Collections.Concurrent;
using Retention.Engine.Ports;
using Retention.Faults.Calls;
using Retention.Faults.Matrix;
using Retention.Kernel;
using Retention.Server.Client;
using Retention.Server.Commands;
using Retention.Server.Demo;
using Retention.Storage.Sqlite;

namespace Retention.Faults.Disk;

/// <summary>
/// D1 on the whole server: its disk is recorded while tills buy over gRPC, and each till notes how long the record was when
/// its answer came. Whatever was answered before a cut must be in the image; some images are verified as a whole.
/// </summary>
internal static class ServerPowerLossRow
{
    private const string Tenant = "cut";
    private const int TillCount = 16;
    private const int OrdersPerTill = 120;
    private const int VerifiedOneIn = 25;
    private static readonly Cut[] Cuts = Enum.GetValues<Cut>();

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        if (Shim.Compile(folder.Path) is not { } library)
        {
            sheet.Skip("D1", "there is no C compiler (cc) to build the recording library with");
            return;
        }

        var (directory, log) = (folder.New(), Path.Combine(folder.Path, "disk.log"));
        var answered = await LiveAsync(library, directory, log);
        var records = DiskLog.Read(log);
        var random = new Random(1);
        var (images, lost, early, wrong) = (sheet.Of(200, 2_000), 0L, 0L, new List<string>());
        var moments = Enumerable.Range(0, images).Select(_ => random.Next(records.Count)).Order().ToArray();
        var disk = new DiskState();
        var applied = 0;
        for (var index = 0; index < images; index++)
        {
            for (; applied <= moments[index]; applied++) disk.Apply(records[applied]);
            var cut = Cuts[random.Next(Cuts.Length)];
            var image = folder.New();
            disk.WriteImage(image, directory, cut, random);
            var end = records[moments[index]].EndsAt;
            var where = $"{cut} at step {moments[index]}";
            lost += await MissingAsync(image, answered.Where(x => x.LogLength <= end).Select(x => x.Id), where, wrong);

            // The control asks for answers that came after the cut, as of a server that answers too early.
            if (cut == Cut.Nothing) early += await MissingAsync(image, answered.Select(x => x.Id), where, wrong);
            if (index % VerifiedOneIn == 0) await VerifyAsync(image, where, wrong);
            Directory.Delete(image, recursive: true);
        }

        sheet.Add(new Outcome("D1 power loss of a server", images, answered.Count, lost, 0, wrong.Count), wrong);
        sheet.Control("D1 server", early > 0, $"answers given before the disk had them: {early} missing");
    }

    private static async Task<IReadOnlyCollection<(string Id, long LogLength)>> LiveAsync(string library, string directory, string log)
    {
        await using var server = new DemoServer(directory);
        foreach (var (name, value) in Shim.Environment(library, directory, log)) Environment.SetEnvironmentVariable(name, value);
        try
        {
            await server.StartAsync(default);
        }
        finally
        {
            foreach (var (name, _) in Shim.Environment(library, directory, log)) Environment.SetEnvironmentVariable(name, null);
        }

        using var platform = server.Client(server.BootstrapKey());
        var shop = await Shop.OpenAsync(platform, Tenant, TillCount);
        var till = platform.As(shop.Key);
        var answered = new ConcurrentBag<(string, long)>();
        await Parallel.ForAsync(0, TillCount, new ParallelOptions { MaxDegreeOfParallelism = TillCount }, async (number, stop) =>
        {
            for (var order = 0; order < OrdersPerTill; order++)
            {
                var id = $"{number}.{order}";
                await Shop.AskAsync(till, new Order(id, $"c{number}", OrderKind.Buy), stop);
                answered.Add((id, new FileInfo(log).Length));
            }
        });
        return answered;
    }

    private static async Task<long> MissingAsync(string image, IEnumerable<string> ids, string where, List<string> wrong)
    {
        if (!StoreScan.IsStore(image)) return ids.Any() ? 1 : 0;
        try
        {
            var missing = 0L;
            await using var store = SqliteGrainStore.Open(new SqliteOptions { Directory = image });
            foreach (var id in ids)
            {
                if (await store.FindAsync(LedgerKey.Request(Tenant, id), default) is null) missing++;
            }

            return missing;
        }
        catch (Exception fault) when (fault is StoreDamagedException or IOException)
        {
            wrong.Add($"{where}: {fault.Message}");
            return 0;
        }
    }

    private static async Task VerifyAsync(string image, string where, List<string> wrong)
    {
        if (!StoreScan.IsStore(image)) return;
        var verified = await VerifyCommand.VerifyAsync(image, ConsoleProgress.Silent, default);
        if (verified.Differences > 0) wrong.Add($"{where}: verify finds {verified.Differences} differences");
    }
}
