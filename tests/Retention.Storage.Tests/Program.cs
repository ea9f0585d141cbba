using Retention.Storage.Tests;

// Started by tests as a process of its own that is killed.
return args is ["write", var directory] ? await ChildWriter.Write(directory) : 2;
