namespace Retention.Server.Persons;

/// <summary>
/// Seals what names or describes a person under a key of that person alone, and forgets the person by destroying it.
/// The key is durable before anything is sealed under it.
/// </summary>
public interface IPersonKeys
{
    /// <summary>Base64. The purpose keeps one sealed text from standing in another's place.</summary>
    ValueTask<string> SealAsync(PersonId person, string purpose, ReadOnlyMemory<byte> plain, CancellationToken stop);

    /// <summary>Null when the key is destroyed.</summary>
    ValueTask<byte[]?> OpenAsync(PersonId person, string purpose, string text, CancellationToken stop);

    ValueTask DestroyAsync(PersonId person, CancellationToken stop);
}

public readonly record struct PersonId(string TenantId, string CustomerId);
