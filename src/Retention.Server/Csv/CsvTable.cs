using System.Globalization;
using System.IO.Compression;
using System.Text;
using NodaTime;
using NodaTime.Text;

namespace Retention.Server.Csv;

/// <summary>
/// A CSV file with a header line, read once from start to end. A name that ends with .gz is unpacked.
/// </summary>
public sealed class CsvTable : IDisposable
{
    private readonly StreamReader text;
    private readonly CsvReader reader;
    private readonly string name;
    private readonly List<string> header;

    private CsvTable(StreamReader text, string name)
    {
        this.text = text;
        this.name = name;
        reader = new CsvReader(text, name);
        header = [.. reader.Read() ?? throw new CsvException(name, 0, "The file is empty; a header line is expected.")];
    }

    /// <summary>Bytes of the file read so far, packed where it is packed; never more than its length.</summary>
    public Func<long> BytesRead { get; private init; } = () => 0;

    public long Length { get; private init; }

    public static CsvTable Open(string path)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CsvException(path, 0, "The file is not there or cannot be read.");
        }

        var packed = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        Stream content = packed ? new GZipStream(file, CompressionMode.Decompress) : file;
        try
        {
            var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
            return new CsvTable(new StreamReader(content, strict), Path.GetFileName(path))
            {
                BytesRead = () => file.Position,
                Length = file.Length,
            };
        }
        catch (Exception e) when (e is InvalidDataException or DecoderFallbackException or CsvException)
        {
            content.Dispose();
            throw e as CsvException ?? Unreadable(Path.GetFileName(path), packed);
        }
    }

    /// <summary>Place of a column; its absence is a fault of the file.</summary>
    public int Column(string column) => Find(column) is var index and >= 0
        ? index
        : throw new CsvException(name, 1, $"The column {column} is missing.");

    /// <summary>Place of a column, or -1.</summary>
    public int Find(string column) => header.IndexOf(column);

    /// <summary>The records below the header; one with too many or too few fields is a fault of the file.</summary>
    public IEnumerable<CsvRow> Rows() =>
        RowsOfAnyWidth().Select(row => row.HasAllFields ? row : throw row.WrongWidth());

    /// <summary>As <see cref="Rows"/>, for readers that report a row of the wrong width and go on.</summary>
    public IEnumerable<CsvRow> RowsOfAnyWidth()
    {
        while (Next() is { } fields)
        {
            yield return new CsvRow(name, reader.Line, header, fields);
        }
    }

    public void Dispose() => text.Dispose();

    private static CsvException Unreadable(string name, bool packed) =>
        new(name, 0, packed ? "The file is not gzip of UTF-8 text." : "The file is not UTF-8 text.");

    private IReadOnlyList<string>? Next()
    {
        try
        {
            return reader.Read();
        }
        catch (Exception e) when (e is InvalidDataException or DecoderFallbackException)
        {
            throw Unreadable(name, packed: text.BaseStream is GZipStream);
        }
    }
}

/// <summary>One record below the header. Valid until the next is read.</summary>
public readonly record struct CsvRow(
    string File, long Line, IReadOnlyList<string> Header, IReadOnlyList<string> Fields)
{
    public bool HasAllFields => Fields.Count == Header.Count;

    public string this[int column] => Fields[column];

    public CsvException WrongWidth() =>
        new(File, Line, $"{Fields.Count} fields where the header names {Header.Count}.");

    public CsvException Fault(int column, string message) => new(File, Line, $"{Header[column]} {message}");

    /// <summary>A text that is an id of the API: 1-64 of A-Z a-z 0-9 . _ : ~ -</summary>
    public string Id(int column) => Ids.IsId(Fields[column])
        ? Fields[column]
        : throw Fault(column, "must be 1 to 64 of the characters A-Z a-z 0-9 . _ : ~ -");

    public LocalDate Date(int column) =>
        LocalDatePattern.Iso.Parse(Fields[column]) is { Success: true, Value: var date }
            ? date
            : throw Fault(column, "must be a date like 2017-03-31.");

    /// <summary>An amount such as 12, 12.3 or 12.34 in hundredths; never read through floating point.</summary>
    public long Cents(int column) =>
        decimal.TryParse(
            Fields[column], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
        && amount <= 1_000_000_000_000m
        && decimal.Truncate(amount * 100) == amount * 100
            ? (long)(amount * 100)
            : throw Fault(column, "must be an amount of at least 0 with at most two decimals.");
}

/// <summary>The form of every id of the API.</summary>
public static class Ids
{
    public const int LengthMax = 64;

    public static bool IsId(string text) => text.Length is > 0 and <= LengthMax && text.All(IsIdCharacter);

    private static bool IsIdCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ':' or '~' or '-';
}
