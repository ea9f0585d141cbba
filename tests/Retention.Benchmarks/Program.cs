using Retention.Benchmarks;

var root = new System.CommandLine.RootCommand("Measurements that stand beside the product; they change nothing.")
{
    EndpointCommands.Bare(),
    EndpointCommands.Echo(),
    EchoComparison.Command(),
};
return await root.Parse(args).InvokeAsync();
