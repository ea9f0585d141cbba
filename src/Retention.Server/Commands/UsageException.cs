namespace Retention.Server.Commands;

/// <summary>The command was called in a wrong way: its message is shown, and the exit code is 2.</summary>
public sealed class UsageException(string message) : Exception(message);
