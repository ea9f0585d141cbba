using System.Security.Cryptography;
using System.Text;
using Retention.Server.Client;
using Retention.Server.Commands;
using Retention.Server.Rpc;
using Retention.V1;

namespace Retention.Server.Codes;

/// <param name="Count">Coupons of the series.</param>
public sealed record CodeOrder(string Path, string OfferId, int Count);

/// <param name="Codes">In the file now.</param>
/// <param name="Written">Of these, by this run.</param>
public sealed record CodeReport(string File, string SeriesId, int Codes, int Written);

/// <summary>The file cannot be what was asked for.</summary>
public sealed class CodeFileException(string message) : Exception(message);

/// <summary>
/// A file of a series' codes: a first line that names offer, count and request, a header, one line a code in their order.
/// What is there after an interruption is kept up to its last whole line, and the series goes on behind it.
/// </summary>
public sealed class CodeFile(RpcClient client, CodeOrder order, ConsoleProgress progress)
{
    private const string Header = "code";
    private const int BufferBytes = 1 << 20;

    public async Task<CodeReport> RunAsync(CancellationToken stop)
    {
        using var file = new FileStream(
            order.Path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, BufferBytes);
        var (requestId, done) = Resume(file);
        var issued = await client.Call<IssueCouponsResponse>(
            "retention.v1.OfferService/IssueCoupons",
            new IssueCouponsRequest { RequestId = requestId, OfferId = order.OfferId, Count = order.Count },
            stop);
        var written = await AppendAsync(file, issued.Series.SeriesId, done, stop);
        file.Flush(flushToDisk: true);
        return new CodeReport(order.Path, issued.Series.SeriesId, done + written, written);
    }

    private async Task<int> AppendAsync(FileStream file, string seriesId, int done, CancellationToken stop)
    {
        using var stream = client.Open<ExportCodesRequest, ExportCodesResponse>("retention.v1.OfferService/ExportCodes", stop);
        await stream.WriteAsync(new ExportCodesRequest { SeriesId = seriesId, FromIndex = done });
        stream.Complete();
        var next = done;
        while (await stream.ReadAsync() is { } message)
        {
            if (message.FirstIndex != next) throw new CodeFileException($"the server told code {message.FirstIndex}, not {next}");
            var text = new StringBuilder();
            foreach (var code in message.Codes)
            {
                text.Append(code).Append('\n');
            }

            await file.WriteAsync(Encoding.ASCII.GetBytes(text.ToString()), stop);
            next += message.Codes.Count;
            progress.Show("codes", next, order.Count);
        }

        return next - done;
    }

    // The request's id stands in the file before the request is made, so that a repeat is the same request.
    private (string RequestId, int Done) Resume(FileStream file)
    {
        var start = $"# retention codes offer={order.OfferId} count={order.Count} request=";
        if (file.Length == 0)
        {
            var requestId = "codes-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            file.Write(Encoding.UTF8.GetBytes($"{start}{requestId}\n{Header}\n"));
            file.Flush(flushToDisk: true);
            return (requestId, 0);
        }

        using var lines = new StreamReader(file, Encoding.UTF8, false, BufferBytes, leaveOpen: true);
        var first = lines.ReadLine() ?? "";
        if (!first.StartsWith(start, StringComparison.Ordinal) || lines.ReadLine() != Header)
        {
            throw new CodeFileException($"{order.Path} is there and holds something else; name another file");
        }

        var (whole, end) = WholeLines(file);
        file.SetLength(end);
        file.Position = end;
        return (RequestField.RequestId(first[start.Length..]), whole - 2);
    }

    private static (int Count, long End) WholeLines(FileStream file)
    {
        file.Position = 0;
        var (count, end, at) = (0, 0L, 0L);
        var bytes = new byte[BufferBytes];
        for (int read; (read = file.Read(bytes)) > 0; at += read)
        {
            for (var i = 0; i < read; i++)
            {
                if (bytes[i] != (byte)'\n') continue;
                count++;
                end = at + i + 1;
            }
        }

        return (count, end);
    }
}
