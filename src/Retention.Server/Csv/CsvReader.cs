using System.Text;

namespace Retention.Server.Csv;

/// <summary>
/// Reads records of RFC 4180 one by one: quoted fields may hold commas, doubled quotes and line ends; lines end
/// with LF or CRLF; the last may end with neither. Empty lines are passed over. Holds one record at a time.
/// </summary>
public sealed class CsvReader(TextReader input, string fileName)
{
    /// <summary>A longer record is refused: it is nearly always a quote that was never closed.</summary>
    public const int RecordCharactersMax = 256 * 1024;

    private readonly char[] buffer = new char[16 * 1024];
    private readonly StringBuilder field = new();
    private readonly List<string> fields = [];
    private int position;
    private int filled;
    private int recordLength;
    private long line = 1;

    /// <summary>Line on which the record last read starts; the first is 1.</summary>
    public long Line { get; private set; }

    /// <summary>The next record's fields, or null at the end. The list is reused by the next call.</summary>
    public IReadOnlyList<string>? Read()
    {
        while (true)
        {
            fields.Clear();
            recordLength = 0;
            Line = line;
            if (!ReadRecord()) return null;
            if (fields.Count > 1 || fields[0].Length > 0) return fields;
        }
    }

    private bool ReadRecord()
    {
        var next = Take();
        if (next < 0) return false;

        while (true)
        {
            field.Clear();
            next = next == '"' ? ReadQuoted() : ReadPlain(next);
            fields.Add(field.ToString());
            if (next != ',') break;
            next = Take();
        }

        if (next == '\r' && Peek() == '\n') next = Take();
        if (next is '\r' or '\n') line++;
        return true;
    }

    private int ReadPlain(int next)
    {
        while (next is not (',' or '\r' or '\n' or < 0))
        {
            if (next == '"') throw new CsvException(fileName, line, "A quote stands in a field that is not quoted.");
            field.Append((char)next);
            next = Take();
        }

        return next;
    }

    private int ReadQuoted()
    {
        while (true)
        {
            var next = Take();
            if (next < 0) throw new CsvException(fileName, Line, "A quoted field is not closed.");
            if (next == '"')
            {
                if (Peek() != '"') break;
                Take();
            }
            else if (next == '\n')
            {
                line++;
            }

            field.Append((char)next);
        }

        var after = Take();
        return after is ',' or '\r' or '\n' or < 0
            ? after
            : throw new CsvException(fileName, line, "Text follows the closing quote of a field.");
    }

    private int Peek() => position < filled || Fill() ? buffer[position] : -1;

    private int Take()
    {
        if (position >= filled && !Fill()) return -1;
        if (++recordLength > RecordCharactersMax)
        {
            throw new CsvException(fileName, Line, $"The record is longer than {RecordCharactersMax} characters.");
        }

        return buffer[position++];
    }

    private bool Fill()
    {
        position = 0;
        filled = input.Read(buffer, 0, buffer.Length);
        return filled > 0;
    }
}
