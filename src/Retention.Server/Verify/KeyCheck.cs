using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Storage;
using Retention.Storage.Sqlite;

namespace Retention.Server.Verify;

/// <summary>
/// Asks the store for every ledger key of the journal: it must lead to the record that took it. Keys are asked for in
/// their own order, many at a time, beside the reading of the journal.
/// </summary>
internal sealed class KeyCheck(IAuditedStore? store, DifferenceList differences, CancellationToken stop)
{
    private const int KeysPerBatch = 500_000;
    private const int KeysPerQuestion = 1_000;
    private List<(LedgerKey Key, long Position)> gathered = [];
    private Task asking = Task.CompletedTask;

    public async ValueTask SeeAsync(LedgerWrite? ledger, long position)
    {
        if (store is null || ledger is null) return;
        foreach (var key in ledger.Keys)
        {
            gathered.Add((key, position));
        }

        if (gathered.Count >= KeysPerBatch) await AskAsync();
    }

    public async Task FinishAsync()
    {
        await AskAsync();
        await asking;
    }

    private async Task AskAsync()
    {
        await asking;
        var batch = gathered;
        gathered = [];
        asking = Task.Run(() => AskAsync(batch), stop);
    }

    private async Task AskAsync(List<(LedgerKey Key, long Position)> batch)
    {
        batch.Sort(static (x, y) => x.Key.Value.CompareTo(y.Key.Value));
        foreach (var question in batch.Chunk(KeysPerQuestion))
        {
            try
            {
                Compare(question, await store!.PositionsAsync([.. question.Select(asked => asked.Key)], stop));
            }
            catch (StoreDamagedException)
            {
                await AskOneByOneAsync(question);
            }
        }
    }

    private async Task AskOneByOneAsync((LedgerKey Key, long Position)[] question)
    {
        foreach (var asked in question)
        {
            try
            {
                Compare([asked], await store!.PositionsAsync([asked.Key], stop));
            }
            catch (StoreDamagedException damage)
            {
                differences.Add(new Difference($"journal/{asked.Position}", "ledger", damage.Message));
            }
        }
    }

    private void Compare((LedgerKey Key, long Position)[] question, long[] found)
    {
        foreach (var ((key, position), at) in question.Zip(found))
        {
            if (at == position) continue;
            differences.Add(new Difference(
                $"journal/{position}", "ledger", string.Create(null, $"key {key.Value:x32} leads to record {at}")));
        }
    }
}
