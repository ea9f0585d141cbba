return await Retention.Server.Commands.CommandLine.RunAsync(args);
