using Retention.Benchmarks;
using Retention.Benchmarks.Designs;

var root = new System.CommandLine.RootCommand("Measurements that stand beside the product; they change nothing.")
{
    EndpointCommands.Bare(),
    EndpointCommands.Echo(),
    EndpointCommands.Server(),
    EchoComparison.Command(),
    PlainCommand.Command(),
    DesignsCommand.Command(),
    GrowthCommand.Command(),
};
foreach (var command in StoreCommands.All())
{
    root.Add(command);
}

return await root.Parse(args).InvokeAsync();
