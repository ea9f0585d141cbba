using Microsoft.Extensions.DependencyInjection;

namespace Retention.Server.Telemetry;

internal static class MetricsEndpoint
{
    /// <summary>/metrics for Prometheus.</summary>
    public static void MapMetrics(this IApplicationBuilder app)
    {
        var text = app.ApplicationServices.GetRequiredService<PrometheusText>();
        app.Use(next => http =>
        {
            if (http.Request.Path != "/metrics") return next(http);
            http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            return http.Response.WriteAsync(text.Scrape());
        });
    }
}
