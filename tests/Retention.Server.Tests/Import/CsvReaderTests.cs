using Retention.Server.Csv;

namespace Retention.Server.Tests.Import;

public class CsvReaderTests
{
    [Theory]
    [InlineData("a,b\nc,d\n", "a|b;c|d")]
    [InlineData("a,b\r\nc,d", "a|b;c|d")]
    [InlineData("a,\n,b\n", "a|;|b")]
    [InlineData("\"a,b\",c\n", "a,b|c")]
    [InlineData("\"a \"\"b\"\"\",c\n", "a \"b\"|c")]
    [InlineData("\"a\nb\",c\nd,e\n", "a\nb|c;d|e")]
    [InlineData("\"\",x\n", "|x")]
    [InlineData("a,b\n\nc,d\n\n", "a|b;c|d")]
    [InlineData("", "")]
    public void Records_are_read_as_rfc_4180_says(string text, string expected)
    {
        Assert.Equal(expected, string.Join(';', Read(text).Select(fields => string.Join('|', fields))));
    }

    [Theory]
    [InlineData("a,b\nc,\"d\n", 2)]
    [InlineData("a,b\nc,d\"e\n", 2)]
    [InlineData("a,b\n\"x\ny\",c\n\"d\"e,f\n", 4)]
    public void What_is_no_csv_is_told_with_its_line(string text, int line)
    {
        var fault = Assert.Throws<CsvException>(() => Read(text));

        Assert.StartsWith($"test.csv, line {line}:", fault.Message);
    }

    [Fact]
    public void A_quote_that_is_never_closed_does_not_swallow_the_file()
    {
        var endless = "\"" + new string('x', CsvReader.RecordCharactersMax + 10);

        Assert.Throws<CsvException>(() => Read(endless));
    }

    [Fact]
    public void The_line_of_a_record_is_the_one_it_starts_on()
    {
        var reader = new CsvReader(new StringReader("a\n\"b\nc\"\nd\n"), "test.csv");
        var lines = new List<long>();
        while (reader.Read() is not null) lines.Add(reader.Line);

        Assert.Equal([1, 2, 4], lines);
    }

    private static List<string[]> Read(string text)
    {
        var reader = new CsvReader(new StringReader(text), "test.csv");
        var records = new List<string[]>();
        while (reader.Read() is { } fields) records.Add([.. fields]);
        return records;
    }
}
