namespace Retention.Server.Csv;

/// <summary>
/// A file cannot be read as the table it should be. The message names file, line and column, never a value.
/// </summary>
public sealed class CsvException(string file, long line, string message)
    : Exception(line > 0 ? $"{file}, line {line}: {message}" : $"{file}: {message}");
