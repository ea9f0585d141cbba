using System.Text;

namespace Retention.Server.Import;

/// <summary>
/// The rows that were not taken, with their reasons. Made with the first of them: no file means no errors.
/// </summary>
public sealed class ErrorFile(string path, bool append) : IDisposable
{
    private StreamWriter? writer;

    public string Path => path;

    public long Rows { get; private set; }

    public void Add(long line, string purchaseId, string reason, string detail)
    {
        writer ??= Open();
        writer.WriteLine(string.Join(',', $"{line}", Field(purchaseId), Field(reason), Field(detail)));
        Rows++;
    }

    public void Flush() => writer?.Flush();

    public void Dispose() => writer?.Dispose();

    private static string Field(string text) => text.AsSpan().ContainsAny(",\"\r\n")
        ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : text;

    private StreamWriter Open()
    {
        var goesOn = append && File.Exists(path);
        var file = new StreamWriter(path, goesOn, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        if (!goesOn) file.WriteLine("line,purchase_id,reason,detail");
        return file;
    }
}
