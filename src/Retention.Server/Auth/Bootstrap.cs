using Retention.Domain.Credentials;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;

namespace Retention.Server.Auth;

/// <summary>
/// Gives a new platform its first admin: the key is written to a file that only the owner may read, before the
/// credential exists, so that a crash in between only means doing the second half again.
/// </summary>
public static class Bootstrap
{
    public const string FileName = "bootstrap.key";

    public static async Task RunAsync(IGrainHost grains, string directory, CancellationToken stop)
    {
        if (await IsDoneAsync(grains, stop)) return;
        var key = Read(Path.Combine(directory, FileName)) ?? Write(directory);
        var turn = CredentialTurns.Bootstrap(key.CredentialId, key.Digest);
        CommandKey taken = new(LedgerKey.Of("bootstrap"), RefusalReason.RequestIdReused);
        Asking.Granted(await grains.AskAsync(
            new Command(PartitionId.Platform, [taken], 0, turn, new BootstrapReply()), stop));
    }

    private static async ValueTask<bool> IsDoneAsync(IGrainHost grains, CancellationToken stop)
    {
        var list = CredentialGrains.CredentialsOf("");
        var command = new Command(PartitionId.Platform, [], 0, turn =>
            Decision.With(turn.State<CredentialsOfState>(list).Exists));
        return (bool)Asking.Granted(await grains.AskAsync(command, stop));
    }

    private static ApiKey? Read(string path) => File.Exists(path) ? ApiKey.Parse(File.ReadAllText(path).Trim()) : null;

    // Renamed into place when it is on the disk: a file that is there is whole.
    private static ApiKey Write(string directory)
    {
        var key = ApiKey.Random();
        var path = Path.Combine(directory, FileName);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(path + ".new", options))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(key.Reveal() + "\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
        return key;
    }

    private sealed class BootstrapReply : IReplyFormat
    {
        public string Name => "bootstrap";

        public object Shape(object reply) => reply;

        public ReadOnlyMemory<byte> Encode(object shaped) => default;

        public object Decode(ReadOnlyMemory<byte> bytes) => true;
    }
}
