namespace Retention.Interop;

/// <summary>
/// The least that Kestrel can do for a call: read the body, answer five bytes and trailers. It has no protocol, no
/// limits and no metrics; what the transport adds is measured against it.
/// </summary>
internal static class BareEndpoint
{
    private static readonly byte[] EmptyFrame = new byte[5];

    public static Task Serve(HttpContext http, RequestDelegate next) => http.Request.Path.Value switch
    {
        "/bare" => Answer(http),
        _ => next(http),
    };

    private static async Task Answer(HttpContext http)
    {
        var body = http.Request.BodyReader;
        while (true)
        {
            var result = await body.ReadAsync();
            body.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted) break;
        }

        http.Response.ContentType = "application/grpc";
        var writer = http.Response.BodyWriter;
        EmptyFrame.CopyTo(writer.GetSpan(EmptyFrame.Length));
        writer.Advance(EmptyFrame.Length);
        http.Response.AppendTrailer("grpc-status", "0");
    }
}
