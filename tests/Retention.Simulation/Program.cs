using Retention.Simulation.Runs;

return Commands.Run(args);
