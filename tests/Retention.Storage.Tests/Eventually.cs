namespace Retention.Storage.Tests;

/// <summary>Waits for what the store does in its own time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static async Task Is(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!await condition())
        {
            await pause.WaitForNextTickAsync(deadline.Token);
        }
    }

    public static Task Is(Func<bool> condition) => Is(() => Task.FromResult(condition()));
}
