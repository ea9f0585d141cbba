using System.Security.Cryptography;
using System.Text;
using Retention.Engine.Ports;
using Retention.Server.Persons;
using Retention.Storage.Sqlite;

namespace Retention.Server.Tests.Customers;

public sealed class PersonKeysTests : IDisposable
{
    private static readonly PersonId Ann = new("acme", "ann");

    private readonly string directory = Directory.CreateTempSubdirectory("retention-keys-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task What_is_sealed_opens_after_a_restart_for_that_person_and_purpose_only()
    {
        string text;
        using (var before = SqlitePersonKeys.Open(directory)) text = await Seal(before, Ann);

        using var keys = SqlitePersonKeys.Open(directory);
        var persons = new PersonKeys(keys);
        await Seal(keys, Ann with { CustomerId = "bob" });

        Assert.Equal("Annegret", Encoding.UTF8.GetString((await persons.OpenAsync(Ann, "profile", text, default))!));
        await Assert.ThrowsAnyAsync<CryptographicException>(async () =>
            await persons.OpenAsync(Ann with { CustomerId = "bob" }, "profile", text, default));
        await Assert.ThrowsAnyAsync<CryptographicException>(async () =>
            await persons.OpenAsync(Ann, "note", text, default));
    }

    [Fact]
    public async Task Nothing_opens_after_the_key_is_destroyed()
    {
        using var keys = SqlitePersonKeys.Open(directory);
        var persons = new PersonKeys(keys);
        var text = await Seal(keys, Ann);
        var wrapped = await File.ReadAllBytesAsync(Path.Combine(directory, SqlitePersonKeys.FileName + "-wal"));

        await persons.DestroyAsync(Ann, default);

        Assert.NotEmpty(wrapped);
        Assert.Null(await persons.OpenAsync(Ann, "profile", text, default));
        Assert.Empty(await File.ReadAllBytesAsync(Path.Combine(directory, SqlitePersonKeys.FileName + "-wal")));
        await persons.DestroyAsync(Ann, default);
    }

    [Fact]
    public async Task The_key_files_are_the_owners_alone_and_belong_together()
    {
        using (var keys = SqlitePersonKeys.Open(directory)) await Seal(keys, Ann);
        foreach (var file in new[] { SqlitePersonKeys.FileName, SqlitePersonKeys.MasterFileName })
        {
            if (OperatingSystem.IsWindows()) break;
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(directory, file)));
        }

        File.WriteAllText(
            Path.Combine(directory, SqlitePersonKeys.MasterFileName), Convert.ToBase64String(new byte[32]));
        using (var keys = SqlitePersonKeys.Open(directory))
        {
            await Assert.ThrowsAsync<StoreDamagedException>(async () => await Seal(keys, Ann));
        }

        File.Delete(Path.Combine(directory, SqlitePersonKeys.MasterFileName));
        Assert.Throws<StoreDamagedException>(() => SqlitePersonKeys.Open(directory));
    }

    private static ValueTask<string> Seal(SqlitePersonKeys keys, PersonId person) =>
        new PersonKeys(keys).SealAsync(person, "profile", "Annegret"u8.ToArray(), default);
}
