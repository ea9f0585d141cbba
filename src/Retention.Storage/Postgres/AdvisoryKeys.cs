using Retention.Kernel;

namespace Retention.Storage.Postgres;

/// <summary>Numbers of the advisory locks of a schema. They are the same in every program.</summary>
internal static class AdvisoryKeys
{
    /// <summary>Held while the schema is brought up to date.</summary>
    public static long Migration(string schema) => Of("migration", schema);

    /// <summary>Held while a node starts and makes what a platform has once: its master key and its first admin.</summary>
    public static long Start(string schema) => Of("start", schema);

    /// <summary>Shared by the nodes that work in the schema; alone for those who want it to stand still.</summary>
    public static long Nodes(string schema) => Of("nodes", schema);

    private static long Of(string what, string schema) =>
        unchecked((long)(ulong)(LedgerKey.Of("retention", what, schema).Value >> 64));
}
