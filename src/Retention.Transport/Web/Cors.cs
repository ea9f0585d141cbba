using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Retention.Transport.Web;

/// <summary>Lets pages of allowed origins call; a page of the server's own origin needs none of this.</summary>
internal static class Cors
{
    private const string ExposedHeaders = "grpc-status,grpc-message,grpc-status-details-bin,grpc-encoding";
    private const string PreflightSeconds = "7200";

    /// <summary>Adds the headers for an allowed origin. True means it was only a preflight and is answered.</summary>
    public static bool Answer(HttpContext http, TransportOptions options)
    {
        var requested = http.Request.Headers;
        var isPreflight = HttpMethods.IsOptions(http.Request.Method) &&
            requested.ContainsKey(HeaderNames.AccessControlRequestMethod);
        if (requested.Origin is [{ } origin] && IsAllowed(origin, options))
        {
            var headers = http.Response.Headers;
            headers.AccessControlAllowOrigin = origin;
            headers.Append(HeaderNames.Vary, HeaderNames.Origin);
            headers.AccessControlExposeHeaders = ExposedHeaders;
            if (isPreflight)
            {
                headers.AccessControlAllowMethods = HttpMethods.Post;
                headers.AccessControlAllowHeaders = requested.AccessControlRequestHeaders;
                headers.AccessControlMaxAge = PreflightSeconds;
            }
        }

        if (isPreflight) http.Response.StatusCode = StatusCodes.Status204NoContent;
        return isPreflight;
    }

    private static bool IsAllowed(string origin, TransportOptions options)
    {
        foreach (var allowed in options.AllowedOrigins)
        {
            if (allowed == "*" || string.Equals(allowed, origin, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
