using System.CommandLine;

namespace Retention.Benchmarks;

/// <summary>The measurements of the store.</summary>
internal static class StoreCommands
{
    public static IEnumerable<Command> All() =>
    [
        Measure("store-commit", "Small commits a second, and the bytes of each.", StoreCommit.Run),
        Measure("store-load", "The load of a customer that memory does not know.", StoreLoad.Run),
        Measure("store-load-postgres", "The same from PostgreSQL.", StoreLoad.RunPostgres),
        Measure("store-open", "A start after a kill.", StoreOpen.Run),
        Measure("idle-grains", "Memory of grains that nobody asks for, beyond their states.", IdleGrains.Run),
        Measure("store-open-child", "What store-open starts and kills.", StoreOpen.Fill),
    ];

    private static Command Measure(string name, string description, Func<Arguments, Task<int>> run)
    {
        var directory = new Option<string>("--directory") { DefaultValueFactory = _ => "" };
        var customers = new Option<int>("--customers") { DefaultValueFactory = _ => 10_000 };
        var commits = new Option<int>("--commits") { DefaultValueFactory = _ => 1_000_000 };
        var batch = new Option<int>("--batch") { DefaultValueFactory = _ => 256 };
        var command = new Command(name, description) { directory, customers, commits, batch };
        command.SetAction(parsed => run(new Arguments(
            parsed.GetValue(directory)!, parsed.GetValue(customers), parsed.GetValue(commits), parsed.GetValue(batch))));
        return command;
    }
}
