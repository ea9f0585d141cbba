using Retention.Kernel;

namespace Retention.Storage.Postgres;

/// <summary>Numbers of the advisory locks of a schema. They are the same in every program.</summary>
internal static class AdvisoryKeys
{
    /// <summary>Held while the schema is brought up to date, and while the first key of a platform is made.</summary>
    public static long Migration(string schema) => Of("migration", schema);

    /// <summary>Shared by the nodes that work in the schema; alone for those who want it to stand still.</summary>
    public static long Nodes(string schema) => Of("nodes", schema);

    private static long Of(string what, string schema) =>
        unchecked((long)(ulong)(LedgerKey.Of("retention", what, schema).Value >> 64));
}
