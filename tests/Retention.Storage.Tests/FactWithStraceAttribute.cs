namespace Retention.Storage.Tests;

/// <summary>Needs a program that makes system calls fail; where it is not installed the test is shown as skipped.</summary>
public sealed class FactWithStraceAttribute : FactAttribute
{
    public FactWithStraceAttribute()
    {
        if (!File.Exists("/usr/bin/strace"))
        {
            Skip = "strace is not installed.";
        }
    }
}
