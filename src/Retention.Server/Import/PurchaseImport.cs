using Retention.Server.Client;
using Retention.Server.Csv;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Import;

/// <param name="Rows">Read and answered, those of earlier attempts included.</param>
/// <param name="Refused">Listed in the error file.</param>
/// <param name="Millipoints">Accrued by the recorded rows.</param>
public sealed record ImportReport(long Rows, long Recorded, long Refused, long Millipoints);

/// <summary>
/// Streams purchases to a server: a bounded number of batches is on its way, the rest of the file stays on disk.
/// A lost connection is opened again and what was not answered is sent again under the same request ids.
/// </summary>
public sealed class PurchaseImport(RpcClient client, IPurchaseFormat format, ImportFiles files) : IDisposable
{
    private const string Method = "retention.v1.PurchaseService/ImportPurchases";
    private const int BatchRows = 150;
    private const int BatchesOnTheWay = 16;
    private const int BatchesPerCheckpoint = 20;
    private readonly LinkedList<ImportBatch> window = [];
    private readonly SemaphoreSlim room = new(BatchesOnTheWay);
    private readonly Lock gate = new();
    private ImportCheckpoint state = files.Start;
    private long batches;
    private int sinceCheckpoint;

    /// <summary>Told the bytes of the file that are read, after each batch.</summary>
    public Action<long> OnRead { get; init; } = _ => { };

    public async Task<ImportReport> RunAsync(CancellationToken stop)
    {
        using var table = CsvTable.Open(files.Path);
        using var errors = new ErrorFile(files.ErrorsPath, append: state.Rows > 0);
        using var rows = format.Read(table).Skip((int)state.Rows).Chunk(BatchRows).GetEnumerator();
        for (var retry = RpcPatience.Default.Start(); ;)
        {
            var before = state.Rows;
            try
            {
                await SessionAsync(rows, table, errors, stop);
                File.Delete(files.StatePath);
                return new ImportReport(state.Rows, state.Recorded, state.Refused, state.Millipoints);
            }
            catch (RpcCallException e) when (e.IsTransient)
            {
                if (state.Rows > before) retry = RpcPatience.Default.Start();
                if (!retry.MayGoOn) throw;
                await retry.PauseAsync(stop);
            }
        }
    }

    public void Dispose() => room.Dispose();

    private async Task SessionAsync(
        IEnumerator<PurchaseRow[]> rows, CsvTable table, ErrorFile errors, CancellationToken stop)
    {
        using var session = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var stream = client.Open<ImportPurchasesRequest, ImportPurchasesResponse>(Method, session.Token);
        var sending = SendAsync(stream, rows, table, errors, session.Token);
        var receiving = ReceiveAsync(stream, errors);
        var first = await Task.WhenAny(sending, receiving);
        if (first == sending && sending.IsCompletedSuccessfully)
        {
            await receiving;
            return;
        }

        // One side is over before the other: what it threw is the reason, the other side only follows.
        await session.CancelAsync();
        await Task.WhenAll(sending, receiving).ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        stop.ThrowIfCancellationRequested();
        await receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (receiving.Exception?.InnerException is RpcCallException failure) throw failure;
        await first;
        throw new RpcCallException(RpcStatus.Unavailable, "The server ended the stream before it answered all.");
    }

    private async Task SendAsync(
        RpcStream<ImportPurchasesRequest, ImportPurchasesResponse> stream,
        IEnumerator<PurchaseRow[]> rows,
        CsvTable table,
        ErrorFile errors,
        CancellationToken stop)
    {
        foreach (var batch in Unanswered())
        {
            await stream.WriteAsync(batch.Message());
        }

        while (true)
        {
            await room.WaitAsync(stop);
            if (!rows.MoveNext())
            {
                room.Release();
                break;
            }

            var batch = new ImportBatch($"batch-{++batches}", rows.Current, format.EnrollsUnknown);
            lock (gate) window.AddLast(batch);
            OnRead(table.BytesRead());

            // Rows that could not be read need no answer.
            if (batch.IsAnswered) Settle(errors);
            else await stream.WriteAsync(batch.Message());
        }

        stream.Complete();
    }

    private async Task ReceiveAsync(
        RpcStream<ImportPurchasesRequest, ImportPurchasesResponse> stream, ErrorFile errors)
    {
        while (await stream.ReadAsync() is { } response)
        {
            var whole = Unanswered().Find(batch => batch.Name == response.RequestId)?.Take(response) ?? true;
            Settle(errors);
            if (!whole) throw new RpcCallException(RpcStatus.Unavailable, "The server is overloaded.");
        }

        Settle(errors);
        if (window.Count > 0) throw new RpcCallException(RpcStatus.Unavailable, "The server ended the stream.");
        SaveCheckpoint(errors);
    }

    private List<ImportBatch> Unanswered()
    {
        lock (gate) return [.. window.Where(batch => !batch.IsAnswered)];
    }

    // Only what is answered without a gap from the start of the file is settled.
    private void Settle(ErrorFile errors)
    {
        using var _ = gate.EnterScope();
        while (window.First is { Value: { IsAnswered: true } batch })
        {
            window.RemoveFirst();
            var refusedBefore = errors.Rows;
            foreach (var (line, purchaseId, reason, detail) in batch.Errors())
            {
                errors.Add(line, purchaseId, reason, detail);
            }

            var last = batch.LastRecorded?.Purchase;
            state = state with
            {
                Rows = state.Rows + batch.Rows.Count,
                Recorded = state.Recorded + batch.Recorded,
                Refused = state.Refused + errors.Rows - refusedBefore,
                Millipoints = state.Millipoints + batch.Millipoints,
                LastSource = last?.Source ?? state.LastSource,
                LastPurchaseId = last?.PurchaseId ?? state.LastPurchaseId,
                LastBrandId = last?.BrandId ?? state.LastBrandId,
            };
            room.Release();
            if (++sinceCheckpoint >= BatchesPerCheckpoint) SaveCheckpoint(errors);
        }
    }

    private void SaveCheckpoint(ErrorFile errors)
    {
        sinceCheckpoint = 0;
        errors.Flush();
        state.Write(files.StatePath);
    }
}

/// <param name="Start">Where to begin: zero rows, or what an earlier attempt left.</param>
public sealed record ImportFiles(string Path, string ErrorsPath, string StatePath, ImportCheckpoint Start);
