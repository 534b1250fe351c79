-- Rolls datasets of one pool back to their blanks, all of them or none.
-- In: order, one line a field list: "root <dataset> <guid> <blank> <blank guid>", and after it
-- "doomed <snapshot> <createtxg>" for every snapshot that is newer than that blank. Out: "done", or
-- "changed <why>" when nothing was done, or "broken <what>" when an act failed after its check.
--
-- An error in the middle does not undo what came before it. So the first half only looks, and the
-- second half does only what the first half has checked; all run in one transaction group, in which
-- nobody else can change the pool.
args = ...

local roots = {}
for line in string.gmatch(args["order"], "[^\n]+") do
    local field = {}
    for text in string.gmatch(line, "[^\t]+") do
        field[#field + 1] = text
    end
    if field[1] == "root" and #field == 5 then
        roots[#roots + 1] =
            {dataset = field[2], guid = field[3], blank = field[4], blank_guid = field[5], doomed = {}, count = 0}
    elseif field[1] == "doomed" and #field == 3 and #roots > 0 then
        local root = roots[#roots]
        root.count = root.count + (root.doomed[field[2]] == nil and 1 or 0)
        root.doomed[field[2]] = field[3]
    else
        return "changed\tthe order has a line that is not understood"
    end
end
if #roots == 0 then
    return "changed\tthe order names no dataset"
end

-- An error where there is no such dataset or snapshot: it ends the program before anything is done.
local function guid_is(name, guid)
    return tostring(zfs.get_prop(name, "guid")) == guid
end

-- What the error numbers of OpenZFS mean here.
local meaning = {
    [16] = "it is busy: held (`zfs holds`), or mounted (look for it in /proc/*/mountinfo)",
    [17] = "a clone was made from it; destroy or promote that",
    [28] = "the pool is full; destroy something else first",
}

local function because(errno)
    return meaning[errno] or ("error " .. tostring(errno))
end

-- A bookmark newer than the blank stops a rollback (EEXIST). Which one it is cannot be asked here.
local function newer_bookmark(root)
    local names = {}
    for bookmark in zfs.list.bookmarks(root.dataset) do
        names[#names + 1] = "`zfs destroy " .. bookmark .. "`"
    end
    return root.dataset .. " has a bookmark newer than the blank; destroy it: " ..
        table.concat(names, " or ")
end

-- Returns why the root may not be rolled back; nil if it may.
local function objection(root)
    if not guid_is(root.dataset, root.guid) then
        return root.dataset .. " is not the dataset that was looked at"
    end
    if not guid_is(root.blank, root.blank_guid) then
        return root.blank .. " is not the snapshot that was looked at"
    end
    -- The order of this list means nothing: it is by name. Newer is what was created in a later
    -- transaction group. That number is a snapshot's identity as well: no two snapshots of a dataset
    -- are made in one group, and no group comes twice.
    local blank_txg = nil
    local newer = 0
    for snapshot in zfs.list.snapshots(root.dataset) do
        if snapshot ~= root.blank then
            blank_txg = blank_txg or zfs.get_prop(root.blank, "createtxg")
            local txg = zfs.get_prop(snapshot, "createtxg")
            if txg > blank_txg then
                newer = newer + 1
                if root.doomed[snapshot] ~= tostring(txg) then
                    return snapshot .. " is newer than the blank and was not there before"
                end
                local errno = zfs.check.destroy(snapshot)
                if errno ~= 0 then
                    return snapshot .. " cannot be destroyed: " .. because(errno)
                end
            end
        end
    end
    -- With as many, and each of them doomed, nothing else is: neither the blank nor an older one.
    if newer ~= root.count then
        return "not all that the order names is newer than " .. root.blank
    end
    -- zfs.check.rollback checks a rollback to the newest snapshot as it is now. A bookmark newer than
    -- the blank stops the rollback once the snapshots are gone, so it is looked for here.
    if root.count > 0 then
        for bookmark in zfs.list.bookmarks(root.dataset) do
            return bookmark .. " is a bookmark and was not there before"
        end
    end
    local errno = zfs.check.rollback(root.dataset)
    if errno == 17 then
        return newer_bookmark(root)
    elseif errno ~= 0 then
        return root.dataset .. " cannot be rolled back: " .. because(errno)
    end
    return nil
end

for _, root in ipairs(roots) do
    local why = objection(root)
    if why ~= nil then
        return "changed\t" .. why
    end
end

for _, root in ipairs(roots) do
    for snapshot in pairs(root.doomed) do
        local errno = zfs.sync.destroy(snapshot)
        if errno ~= 0 then
            return "broken\t" .. snapshot .. " was not destroyed: " .. because(errno)
        end
    end
    local errno = zfs.sync.rollback(root.dataset)
    if errno ~= 0 then
        return "broken\t" .. root.dataset .. " was not rolled back: " .. because(errno)
    end
end
return "done"
