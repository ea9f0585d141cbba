using System.Buffers;
using System.Text.Json;

namespace Retention.Domain.Json;

/// <summary>One writer for each thread: a new one for every fact would be most of what writing it costs.</summary>
internal static class JsonOutput
{
    [ThreadStatic]
    private static Utf8JsonWriter? writer;

    /// <summary>The thread's writer, at the start of a new text. The caller flushes it.</summary>
    public static Utf8JsonWriter On(IBufferWriter<byte> output)
    {
        if (writer is null)
        {
            return writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        }

        writer.Reset(output);
        return writer;
    }
}
