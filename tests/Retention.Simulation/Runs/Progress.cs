namespace Retention.Simulation.Runs;

/// <summary>A bar on a terminal; silent when piped.</summary>
internal sealed class Progress(int total)
{
    private const int Width = 40;

    private readonly bool isShown = !Console.IsOutputRedirected;
    private int done;

    public void Step()
    {
        done++;
        if (isShown && (done % 20 == 0 || done == total))
        {
            var filled = Width * done / total;
            Console.Write($"\r[{new string('#', filled)}{new string('.', Width - filled)}] {done}/{total}");
        }
    }

    public void Clear()
    {
        if (isShown)
        {
            Console.Write("\r" + new string(' ', Width + 30) + "\r");
        }
    }
}
