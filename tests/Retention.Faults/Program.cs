using Retention.Faults.Disk;
using Retention.Faults.Matrix;

// The first word names a child of a row, or asks for the rows themselves.
return args switch
{
    ["diary", var directory, var seed, var commits, var mode] =>
        await DiaryWriter.RunAsync(directory, int.Parse(seed), int.Parse(commits), isUnsafe: mode == "normal"),
    ["errors", var directory, var fault, var lives] =>
        await FailingDisk.SweepAsync(directory, int.Parse(fault), int.Parse(lives)),
    _ => await Rows.RunAsync(args),
};
