using Retention.Engine.Ports;

namespace Retention.Server.Hosting;

/// <summary>/healthz/live and /healthz/ready: 200, or 503 with one line that says why.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IApplicationBuilder app, ServerHealth health, IGrainHost grains)
    {
        app.MapText("/healthz/live", () => ServerHealth.WhyNotLiveAsync(grains));
        app.MapText("/healthz/ready", () => health.WhyNotReadyAsync(grains));
    }

    private static void MapText(this IApplicationBuilder app, string path, Func<Task<string?>> whyNot) =>
        app.Use(next => async http =>
        {
            if (http.Request.Path != path)
            {
                await next(http);
                return;
            }

            var fault = await whyNot();
            http.Response.StatusCode =
                fault is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            http.Response.ContentType = "text/plain";
            await http.Response.WriteAsync($"{fault ?? "ok"}\n");
        });
}
