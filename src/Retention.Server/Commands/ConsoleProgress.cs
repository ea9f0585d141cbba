using Spectre.Console;

namespace Retention.Server.Commands;

/// <summary>
/// A progress bar on standard error; silent where that is no terminal, so that pipes and logs stay clean.
/// </summary>
public sealed class ConsoleProgress
{
    private readonly ProgressContext? context;
    private ProgressTask? task;
    private string name = "";

    private ConsoleProgress(ProgressContext? context) => this.context = context;

    public static ConsoleProgress Silent { get; } = new(null);

    public static async Task<T> RunAsync<T>(Func<ConsoleProgress, Task<T>> work)
    {
        if (Console.IsErrorRedirected) return await work(Silent);

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress().AutoClear(true).HideCompleted(false)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(context => work(new ConsoleProgress(context)));
    }

    /// <summary>Shows how far a step is. A new name starts a new bar and fills the one before.</summary>
    public void Show(string step, long done, long total)
    {
        if (context is null) return;
        lock (context)
        {
            if (name != step)
            {
                if (task is not null) task.Value = task.MaxValue;
                task = context.AddTask(Markup.Escape(step), maxValue: Math.Max(1, total));
                name = step;
            }

            task!.Value = done;
        }
    }
}
