using System.CommandLine;

namespace Retention.Benchmarks.Designs;

/// <summary>The product and the designs that most teams would pick, in one run, side by side.</summary>
internal static class DesignsCommand
{
    public static Command Command()
    {
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 8 };
        var runs = new Option<int>("--runs") { DefaultValueFactory = _ => 3 };
        var customers = new Option<int>("--customers") { DefaultValueFactory = _ => 10_000 };
        var concurrency = new Option<int>("--concurrency") { DefaultValueFactory = _ => 256 };
        var pool = new Option<int>("--pool") { DefaultValueFactory = _ => 48, Description = "The plain service's connections." };
        var output = new Option<string>("--output") { Description = "Folder for designs.md (the table) and designs.svg." };
        var command = new Command("designs", "Purchases and a hot code on the product and on plain SQL designs.")
        {
            seconds, runs, customers, concurrency, pool, output,
        };
        command.SetAction((parsed, cancellation) => new DesignsRun(new DesignsOrder(
            parsed.GetValue(seconds), parsed.GetValue(runs), parsed.GetValue(customers), parsed.GetValue(concurrency),
            parsed.GetValue(pool), parsed.GetValue(output))).Execute(cancellation));
        return command;
    }
}

/// <summary>What a comparison is told.</summary>
internal sealed record DesignsOrder(int Seconds, int Runs, int Customers, int Concurrency, int Pool, string? Output);
