using System.Buffers;
using System.Text.Json;

namespace Retention.Transport.Web;

/// <summary>An error as Connect spells it.</summary>
internal static class ConnectError
{
    private static readonly (string Name, int HttpStatus)[] Codes =
    [
        ("ok", 200), ("canceled", 499), ("unknown", 500), ("invalid_argument", 400), ("deadline_exceeded", 504),
        ("not_found", 404), ("already_exists", 409), ("permission_denied", 403), ("resource_exhausted", 429),
        ("failed_precondition", 400), ("aborted", 409), ("out_of_range", 400), ("unimplemented", 501),
        ("internal", 500), ("unavailable", 503), ("data_loss", 500), ("unauthenticated", 401),
    ];

    public static int HttpStatus(RpcStatus status) => Codes[(int)status].HttpStatus;

    public static void Write(IBufferWriter<byte> target, RpcFailure failure)
    {
        using var json = new Utf8JsonWriter(target);
        json.WriteStartObject();
        json.WriteString("code", Codes[(int)failure.Code].Name);
        json.WriteString("message", failure.Message);
        if (failure.CompleteDetails() is { Details.Count: > 0 } status) WriteDetails(json, status);
        json.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter json, Rpc.Status status)
    {
        json.WriteStartArray("details");
        foreach (var detail in status.Details)
        {
            json.WriteStartObject();
            json.WriteString("type", detail.TypeUrl[(detail.TypeUrl.LastIndexOf('/') + 1)..]);
            json.WriteString("value", MetadataEntry.Encode(detail.Value.Span));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
