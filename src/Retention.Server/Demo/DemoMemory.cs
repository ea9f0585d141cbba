using System.Security.Cryptography;
using System.Text.Json;
using Retention.Server.Commands;

namespace Retention.Server.Demo;

/// <summary>
/// What a demo keeps beside the server's data, so that another run on the same directory is the same demo: the keys
/// that the server shows once, and the refusals, which a server does not keep. Readable by the owner only.
/// </summary>
public sealed class DemoMemory
{
    private const string FileName = "demo.json";
    private readonly string path;
    private readonly Lock gate = new();
    private readonly Content content;

    private DemoMemory(string path, Content content)
    {
        this.path = path;
        this.content = content;
    }

    public static bool IsIn(string dataFolder) => File.Exists(Path.Combine(dataFolder, FileName));

    /// <summary>Opens the memory of a directory; one that was made by a demo of other content is refused.</summary>
    public static DemoMemory Open(string dataFolder, string fingerprint)
    {
        Directory.CreateDirectory(dataFolder);
        var path = Path.Combine(dataFolder, FileName);
        var kept = File.Exists(path) ? JsonSerializer.Deserialize<Content>(File.ReadAllBytes(path)) : null;
        if (kept is not null && kept.Fingerprint != fingerprint)
        {
            throw new UsageFailure($"{dataFolder} holds a demo of other data or of another scenario.");
        }

        return new DemoMemory(path, kept ?? new Content(fingerprint, [], []));
    }

    /// <summary>What an earlier demo left in a directory.</summary>
    public static DemoMemory Read(string dataFolder)
    {
        var path = Path.Combine(dataFolder, FileName);
        var kept = JsonSerializer.Deserialize<Content>(File.ReadAllBytes(path));
        return new DemoMemory(path, kept ?? throw new UsageFailure($"{path} is empty"));
    }

    public static string FingerprintOf(params IEnumerable<object> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(parts)));

    public string? KeyOf(string tenantId)
    {
        lock (gate) return content.Keys.GetValueOrDefault(tenantId);
    }

    public void KeepKey(string tenantId, string key)
    {
        lock (gate)
        {
            content.Keys[tenantId] = key;
            Save();
        }
    }

    /// <summary>The reason that a case was refused for, or null when it was not asked yet.</summary>
    public string? RefusalOf(int caseNumber) => content.Refusals.GetValueOrDefault(caseNumber);

    /// <param name="reason">Empty: it was accepted.</param>
    public void KeepRefusal(int caseNumber, string reason)
    {
        lock (gate)
        {
            content.Refusals[caseNumber] = reason;
            Save();
        }
    }

    private void Save()
    {
        var beside = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(beside, options))
        {
            JsonSerializer.Serialize(file, content);
            file.Flush(flushToDisk: true);
        }

        File.Move(beside, path, overwrite: true);
    }

    private sealed record Content(
        string Fingerprint, Dictionary<string, string> Keys, Dictionary<int, string> Refusals);
}
